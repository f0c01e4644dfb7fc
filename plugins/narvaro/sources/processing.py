"""The record of processing (GDPR, article 30) as Markdown, made from the contract; docs/privacy.md holds a copy."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import msgspec

from narvaro.sources.contract import ENTITIES, PROVENANCE
from narvaro.sources.purposes import (
    CATEGORY_MEANINGS,
    PURPOSE_MEANINGS,
    RETENTION_MEANINGS,
    USES,
    Category,
    EntityUse,
    Purpose,
)
from narvaro.sources.ss12000 import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def record_of_processing() -> str:
    """Give every field that is kept, with its purpose, its category and the class it is removed with."""
    return "\n".join(
        [
            *_meanings("purpose", "a field with it", PURPOSE_MEANINGS.items()),
            "",
            *_meanings("category", "a field of it is", CATEGORY_MEANINGS.items()),
            "",
            *_meanings("class", "is removed together", RETENTION_MEANINGS.items()),
            "",
            "| entity | about | class | category | field | purpose |",
            "|---|---|---|---|---|---|",
            *(line for entity in ENTITIES for line in _entity(entity, USES[entity])),
            *_provenance(),
            "",
        ]
    )


def decoded_fields() -> str:
    """Give every field that is read out of a SS 12000 answer at all; whatever else is sent is skipped in the bytes."""
    structs = [
        kind
        for _, kind in inspect.getmembers(wire, inspect.isclass)
        if issubclass(kind, msgspec.Struct) and kind.__module__ == wire.__name__
    ]
    return "\n".join(
        [
            "| object | read of it |",
            "|---|---|",
            *(
                f"| {kind.__name__} | {', '.join(f'`{field.encode_name}`' for field in msgspec.structs.fields(kind))} |"
                for kind in structs
            ),
            "",
        ]
    )


def _meanings(title: str, meaning: str, meanings: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Give the table of a closed list."""
    yield f"| {title} | {meaning} |"
    yield "|---|---|"
    yield from (f"| {name} | {text} |" for name, text in meanings)


def _entity(entity: str, use: EntityUse) -> Iterator[str]:
    """Give an entity's rows: its fields by category and purpose, in the order of the contract."""
    grouped: dict[tuple[Category, Purpose], list[str]] = {}
    for name in ENTITIES[entity].names:
        field = use.fields[name]
        grouped.setdefault((field.category, field.purpose), []).append(f"`{name}`")
    about = "schools" if {category for category, _ in grouped} == {Category.SCHOOL} else "pupils"
    for (category, purpose), names in grouped.items():
        yield f"| `{entity}` | {about} | {use.retention} | {category} | {', '.join(names)} | {purpose} |"


def _provenance() -> Iterator[str]:
    """Give the row of what landing stamps on every row."""
    names = ", ".join(f"`{field.name}`" for field in PROVENANCE)
    yield f"| every entity | both | its own | record | {names} | {Purpose.VERIFY} |"
