"""The closed list of columns that may leave, with their types and meanings, read from `columns.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict

from narvaro.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS_PATH = Path(__file__).with_name("columns.yml")


class Column(BaseModel):
    """One column: its name, its SQL type and its meaning in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str
    sv: str
    en: str


@cache
def publishable_columns() -> Mapping[str, Column]:
    """Give every column that may leave, by its name."""
    entries = yaml.safe_load(COLUMNS_PATH.read_text(encoding="utf-8"))
    return {name: Column(name=name, **entry) for name, entry in entries.items()}


def columns_named(table_name: str, names: Sequence[str]) -> tuple[Column, ...]:
    """Give the columns of a table.

    Raises:
        PublishError: one of them may not leave.
    """
    listed = publishable_columns()
    if unlisted := [name for name in names if name not in listed]:
        message = (
            f"{table_name}: {', '.join(unlisted)} may not be published. "
            "Take it out of publication.yml; what may leave stands in disclosure/columns.yml."
        )
        raise PublishError(message)
    return tuple(listed[name] for name in names)
