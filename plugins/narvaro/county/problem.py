"""What is wrong with a configured value, in a sentence: what came, what was wanted, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

_REMEDIES = {
    "int": "Write a whole number.",
    "float": "Write a number with a point, such as 0.05.",
    "bool": "Write true or false.",
    "date": "Write a day as 2026-08-17.",
    "time": 'Write a time as "03:00".',
    "string": "Write a text.",
    "list": "Write a list, each entry beginning with a dash.",
    "tuple": "Write a list, each entry beginning with a dash.",
    "model": "Write keys with values, indented under it.",
    "dict": "Write keys with values, indented under it.",
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give the nearest known word as a question, or all of them when none is near."""
    candidates = sorted(known)
    nearest = difflib.get_close_matches(word, candidates, n=1)
    if nearest:
        return f"Did you mean {nearest[0]}?"
    return f"Known: {', '.join(candidates) or 'none'}."


def sentence_from_error(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Say what one validation error means; never repeats the value that came."""
    place: Sequence[str | int] = error["loc"]
    name = _name_of(place)
    kind: str = error["type"]
    if kind == "missing":
        return f"{name} is missing. Add it; docs/configuration.md says what it means."
    if kind == "extra_forbidden":
        holder = model_at(model, place[:-1])
        known = holder.model_fields if holder else ()
        return f"there is no key {name}. {did_you_mean(str(place[-1]), known)}"
    if kind in ("value_error", "assertion_error"):
        return f"{name}: {error['ctx']['error']}"
    # Pydantic's own sentence repeats no value.
    told = f"{name} should be keys with values" if kind == "model_type" else _told(name, error["msg"])
    return f"{told}. {_REMEDIES.get(kind.partition('_')[0], 'See docs/configuration.md.')}"


def _told(name: str, message: str) -> str:
    """Let Pydantic's sentence about an input be about a named place."""
    return f"{name} {message.removeprefix('Input ')}" if message.startswith("Input ") else f"{name}: {message}"


def model_at(model: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel] | None:
    """Find the model that describes a place inside another model."""
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, int):
            continue
        if current is None or part not in current.model_fields:
            return None
        current = model_in(current.model_fields[part].annotation)
    return current


def model_in(annotation: object) -> type[BaseModel] | None:
    """Find the model inside an annotation such as `tuple[Source, ...]` or `Contact | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part)) is not None), None)


def _name_of(place: Sequence[str | int]) -> str:
    """Name a place as a reader finds it: keys and entries, entries counted from one."""
    parts = [f"entry {part + 1}" if isinstance(part, int) else part for part in place]
    return ", ".join(parts) or "the file"
