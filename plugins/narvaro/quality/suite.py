"""Suites: what we demand of a table, read from YAML and checked before any data is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from narvaro.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SLUG = re.compile(r"[a-z][a-z0-9_]*")
Owner = Literal["register", "timetable", "reporting", "vendor", "engineer"]
_COLUMN_KEYS = ("column", "column_A", "column_B")
_OPERATORS = {"and", "or", "not"}
_ACROSS_ROWS = {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
_COLUMNS_MATCH_SET = "expect_table_columns_to_match_set"


class _Entry(BaseModel):
    """A frozen entry of a suite; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Note(_Entry):
    """What the school office does about it, in both languages."""

    sv: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Expectation(_Entry):
    """One demand; several may share a rule.

    A row that fails a critical demand is set aside, a table that fails one is refused;
    a warning is told and stops nothing. `owner` is who mends it: those who keep the register of pupils,
    the timetable, the teachers' reporting, the system's vendor, or we ourselves. `notes` say to us why.
    """

    id: str
    type: str
    kwargs: dict[str, Any] = Field(default_factory=dict)
    where: str = ""
    severity: Literal["critical", "warning"]
    level: Literal["row", "table"]
    owner: Owner
    note: Note
    notes: str = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _slug(cls, value: str) -> str:
        if not SLUG.fullmatch(value):
            message = "not a rule's name: use small letters, digits and underscores"
            raise ValueError(message)
        return value

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns that the demand is about."""
        named = [self.kwargs[key] for key in _COLUMN_KEYS if key in self.kwargs]
        return tuple(named + list(self.kwargs.get("column_list", ())))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the demand and its condition read."""
        conditional = (word for word in re.findall(r"(?<![\w.])[a-z_]\w*", self.where) if word not in _OPERATORS)
        return (*self.own_columns, *conditional)

    @property
    def demanded_columns(self) -> frozenset[str]:
        """The columns that the table must have, when this demand is about the table's shape."""
        return frozenset(self.kwargs.get("column_set", ())) if self.is_about_shape else frozenset()

    @property
    def is_across_rows(self) -> bool:
        """Whether rows are held against each other."""
        return self.type in _ACROSS_ROWS

    @property
    def is_about_shape(self) -> bool:
        """Whether the demand is about the table's columns, not their content."""
        return self.type == _COLUMNS_MATCH_SET


class Derivation(_Entry):
    """A column made of others, for demands that compare what no single column holds."""

    local_hour: str | None = None
    local_date: str | None = None
    sum: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _exactly_one(self) -> Derivation:
        if sum([self.local_hour is not None, self.local_date is not None, bool(self.sum)]) != 1:
            message = "needs exactly one of local_hour, local_date and sum"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of."""
        return tuple(name for name in (self.local_hour, self.local_date) if name) + self.sum


class Suite(_Entry):
    """Every demand on one table.

    `record_id` names the column that identifies a row at the source; its values are told
    only when `show_record_ids` is true, which it never is where a row is a pupil.
    `key` names the columns that identify a mart's row.
    """

    suite: str
    record_id: str = ""
    show_record_ids: bool = True
    key: tuple[str, ...] = ()
    derived: dict[str, Derivation] = Field(default_factory=dict)
    expectations: Annotated[tuple[Expectation, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_voice_per_rule(self) -> Suite:
        spoken: dict[str, tuple[str, str, str, Note]] = {}
        for index, expectation in enumerate(self.expectations):
            voice = (expectation.severity, expectation.level, expectation.owner, expectation.note)
            if spoken.setdefault(expectation.id, voice) != voice:
                what = "severity, level, owner or note"
                message = f"expectation {index + 1} ({expectation.id}) differs in {what} from its first"
                raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSuite:
    """A suite and where it came from; read once for each version of its file, it equals itself only."""

    path: Path
    suite: Suite
    lines: tuple[int, ...] = ()

    @property
    def demanded_columns(self) -> frozenset[str]:
        """The columns that the suite says the table must have."""
        return frozenset().union(*(expectation.demanded_columns for expectation in self.suite.expectations))

    def problem(self, expectation: Expectation, what: str) -> ConfigError:
        """Give the error that names this file and one of its expectations."""
        index = self.suite.expectations.index(expectation)
        line = f", line {self.lines[index]}" if index < len(self.lines) else ""
        named = f"expectation {index + 1} ({expectation.id}, {expectation.type})"
        return ConfigError(f"{self.path}{line}: {named} {what}")


def load_suite(path: Path) -> LoadedSuite:
    """Read a suite.

    Raises:
        ConfigError: the file is missing or not a suite; names the file and the entry.
    """
    try:
        return _load_suite(path, path.stat().st_mtime_ns)
    except OSError:
        message = f"{path}: there is no such suite. Every table needs one; see docs/rules/quality.md."
        raise ConfigError(message) from None


@lru_cache(maxsize=64)
def _load_suite(path: Path, _changed: int) -> LoadedSuite:
    """Read a suite once for each version of its file."""
    lines: tuple[int, ...] = ()
    try:
        text = path.read_text(encoding="utf-8")
        lines = _lines_of_expectations(text)
        suite = Suite.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: not valid YAML ({error.problem}). Mend the line.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"{path}: not readable as YAML. Write it anew as UTF-8 text.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{path}{_line(first['loc'], lines)}: {_place(first['loc'])}"
        raise ConfigError(f"{where}{first['msg']}. See docs/rules/quality.md.") from None
    if suite.suite != path.stem:
        raise ConfigError(f"{path}: the suite is named {suite.suite}. Give it the name of its file, {path.stem}.")
    return LoadedSuite(path, suite, lines)


def _lines_of_expectations(text: str) -> tuple[int, ...]:
    """Give the line on which each expectation begins, as people count."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "expectations" and isinstance(value, yaml.SequenceNode):
            return tuple(entry.start_mark.line + 1 for entry in value.value)
    return ()


def _line(location: tuple[int | str, ...], lines: tuple[int, ...]) -> str:
    """Give the line of the expectation that a complaint is about, empty when it is about none."""
    _, index = (*location, None, None)[:2]
    return f", line {lines[index]}" if isinstance(index, int) and index < len(lines) else ""


def _place(location: tuple[int | str, ...]) -> str:
    """Give an entry's place as people count, from one."""
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in location) + ": " if location else ""
