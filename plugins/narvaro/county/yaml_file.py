"""One YAML file of the configuration: read with its line numbers, validated against a model.

Every plain scalar is read as its text and the model gives it its type, so that an unquoted
0114 stays a municipality code and an unquoted `no` stays a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from narvaro.county.problem import sentence_from_error
from narvaro.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The plain data of a file and the line of each of its places."""

    path: Path
    data: Plain
    lines: dict[Place, int] = field(repr=False)

    def line_of(self, place: Sequence[str | int]) -> int:
        """Give the line of a place, or of the nearest place that holds it."""
        wanted = tuple(place)
        while wanted and wanted not in self.lines:
            wanted = wanted[:-1]
        return self.lines.get(wanted, 1)

    def problem(self, place: Sequence[str | int], sentence: str) -> str:
        """Give a sentence with the file and line that it is about."""
        return f"{self.path}:{self.line_of(place)}: {_one_line(sentence)}"


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file with the line of everything in it.

    Raises:
        ConfigError: it is missing, unreadable, not YAML, or names a key twice.
    """
    if not path.is_file():
        message = f"{path}: there is no such file. Write it; docs/configuration.md lists its keys."
        raise ConfigError(message)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 (byte {error.start}). Save the file as UTF-8."
        raise ConfigError(message) from None
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}). Let this user read the file."
        raise ConfigError(message) from None
    except yaml.YAMLError as error:
        raise ConfigError(_syntax_problem(path, error)) from None
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        message = f"{path}:1: the file is empty. Write its keys; docs/configuration.md lists them."
        raise ConfigError(message)
    lines: dict[Place, int] = {}
    return YamlFile(path, _Reader(path, lines).value(root, ()), lines)


def validate(file: YamlFile, model: type[Model]) -> Model:
    """Give the file's data as the model.

    Raises:
        ConfigError: one line for each thing that is wrong, with its file, line and remedy.
    """
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        found = sorted(error.errors(include_url=False), key=lambda one: file.line_of(one["loc"]))
        problems = [file.problem(one["loc"], sentence_from_error(one, model)) for one in found]
        raise ConfigError("\n".join(problems)) from None


def load_file(path: Path, model: type[Model]) -> Model:
    """Read and validate one YAML file of the configuration.

    Raises:
        ConfigError: the file is missing or wrong; names file, line and remedy.
    """
    return validate(read_yaml(path), model)


def _one_line(text: str) -> str:
    """Keep a sentence on its line, whatever a misspelt key holds."""
    return " ".join(text.split())


def _syntax_problem(path: Path, error: yaml.YAMLError) -> str:
    """Say where the YAML breaks, without repeating what stands there."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or "a character that YAML does not allow"
    place = f"{path}:{mark.line + 1}" if mark else f"{path}:1"
    return f"{place}: not valid YAML ({what}). Look at the indentation, quotes and colons here and just above."


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns YAML nodes into plain data and notes their lines."""

    path: Path
    lines: dict[Place, int]
    _open: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, place: Place) -> Plain:
        """Give a node's plain data; scalars become text or None."""
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if isinstance(node, yaml.ScalarNode):
            return None if not node.style and node.value in _NULLS else node.value
        if id(node) in self._open:
            message = f"{self.path}:{line}: an alias holds itself. Write the value out."
            raise ConfigError(message)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
            return self._mapping(node, place)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Plain]:
        """Give a mapping's plain data; a key may stand only once."""
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in result:
                message = (
                    f"{self.path}:{line}: the key {_one_line(key)} stands here a second time "
                    f"(first on line {self.lines[(*place, key)]}). Remove one of them."
                )
                raise ConfigError(message)
            self.lines[(*place, key)] = line
            result[key] = self.value(value_node, (*place, key))
        return result
