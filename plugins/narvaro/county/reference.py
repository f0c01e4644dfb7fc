"""The configuration files' keys as Markdown, made from the models; docs/configuration.md holds a copy."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from narvaro.county.loading import FILES, OPTIONAL_FILES
from narvaro.county.problem import model_in

_WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    time: "time",
    AwareDatetime: "date and time with offset",
    type(None): "null",
}


def configuration_reference(files: Mapping[str, type[BaseModel]] = FILES | OPTIONAL_FILES) -> str:
    """Give one section per file, with a table for it and for each kind of entry in it."""
    return "\n\n".join("\n".join(_file(name, model)) for name, model in files.items()) + "\n"


def _file(name: str, model: type[BaseModel]) -> Iterator[str]:
    """Give the lines of one file's section."""
    yield f"### {name}"
    yield from _table(model)
    for place, entry in _entries(model, ""):
        yield from ("", f"Each of `{place}`:")
        yield from _table(entry)


def _entries(model: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Give every model inside a model, with the keys that lead to it."""
    for name, found in model.model_fields.items():
        inner = model_in(found.annotation)
        if inner is not None:
            yield f"{place}{name}", inner
            yield from _entries(inner, f"{place}{name}.")


def _table(model: type[BaseModel]) -> Iterator[str]:
    """Give the table of a model's own keys."""
    yield from ("", "| key | type | default | meaning |", "|---|---|---|---|")
    for name, found in model.model_fields.items():
        yield f"| `{name}` | {_type(found.annotation)} | {_default(found)} | {_meaning(found)} |"


def _type(annotation: Any) -> str:  # noqa: ANN401 - a field's annotation can be any type expression
    """Name a type as the author of a YAML file thinks of it."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin in (Union, types.UnionType):
        return " or ".join(_type(part) for part in arguments if part is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    return _type(arguments[0])


def _meaning(found: FieldInfo) -> str:
    """Give a key's meaning, by default that of the model in it."""
    inner = model_in(found.annotation)
    return found.description or (inner.__doc__ if inner and inner.__doc__ else "")


def _default(found: FieldInfo) -> str:
    """Give a key's default, `required` when it has none."""
    if found.default_factory is not None:
        return "see below"
    if found.default is PydanticUndefined:
        return "required"
    if found.default is None or found.default in ("", ()):
        return "none"
    if isinstance(found.default, BaseModel):
        return "see below"
    if isinstance(found.default, tuple):
        return ", ".join(f"`{value}`" for value in found.default)
    return f"`{str(found.default).lower() if isinstance(found.default, bool) else found.default}`"
