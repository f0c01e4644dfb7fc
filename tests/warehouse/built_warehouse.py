"""A finished warehouse of a test, and questions to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narvaro.settings import Settings
from narvaro.warehouse import BuildResult, read_only

if TYPE_CHECKING:
    from pathlib import Path


class Built:
    """A finished warehouse that answers questions as rows of plain values."""

    def __init__(self, settings: Settings, result: BuildResult) -> None:
        self.settings, self.result = settings, result

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with read_only(self.settings.warehouse_path) as connection:
            return connection.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        (only,) = self.rows(query)
        return only

    def frame(self, query: str) -> Any:
        with read_only(self.settings.warehouse_path) as connection:
            return connection.execute(query).df()


def settings_at(home: Path) -> Settings:
    return Settings.from_env({"NARVARO_HOME": str(home)})
