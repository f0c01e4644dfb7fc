"""Data Docs without values: what is demanded of a source's tables and what its last verdicts were, as static pages.

The library's own builder takes the stored results of its runs, and we store none; these are made from verdicts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from narvaro.errors import LandingError
from narvaro.quality.suite import load_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from narvaro.quality.suite import Expectation

# As many nights as the eye takes in at once.
_NIGHTS = 14


class ToldFailure(Protocol):
    """What a page takes of a failure: which rule, and how many rows."""

    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102


class ToldVerdict(Protocol):
    """What a page takes of a verdict."""

    @property
    def suite(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def rows(self) -> int: ...  # noqa: D102
    @property
    def night(self) -> date | None: ...  # noqa: D102
    @property
    def quarantined_rows(self) -> int: ...  # noqa: D102
    @property
    def failures(self) -> Sequence[ToldFailure]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Demand:
    """One rule as a page shows it; `counts` has one entry per night, none where the suite was not run."""

    rule: str
    severity: str
    level: str
    owner: str
    note: str
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class TableDocs:
    """One table's demands and nights."""

    suite: str
    nights: tuple[date, ...]
    verdicts: tuple[ToldVerdict, ...]
    demands: tuple[Demand, ...]


def write_data_docs(
    folder: Path, suites: Sequence[Path], verdicts: Iterable[ToldVerdict], *, title: str, language: str
) -> Path:
    """Write a source's page for the owner's eyes only, beside the old one and then in its place; gives its path.

    Raises:
        ConfigError: a suite is wrong.
        LandingError: the page cannot be written.
    """
    known = list(verdicts)
    tables = [_table_docs(path, known, language) for path in suites]
    page = _environment().get_template("data_docs.html.j2").render(tables=tables, title=title, language=language)
    target = folder / "index.html"
    partial = folder / f".index.html.{os.getpid()}.partial"
    try:
        _private_folder(folder)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
        return partial.replace(target)
    except OSError as error:
        message = f"{folder}: the pages cannot be written ({error.strerror}). Free space or mend the folder's rights."
        raise LandingError(message) from None


def _table_docs(path: Path, verdicts: Sequence[ToldVerdict], language: str) -> TableDocs:
    """Put a suite beside its last verdicts, the newest night first."""
    suite = load_suite(path).suite
    by_night = {verdict.night: verdict for verdict in verdicts if verdict.suite == suite.suite and verdict.night}
    nights = tuple(sorted((night for night in by_night if night), reverse=True)[:_NIGHTS])
    of_nights = tuple(by_night[night] for night in nights)
    demands = tuple(_demand(expectation, of_nights, language) for expectation in _first_of_each(suite.expectations))
    return TableDocs(suite.suite, nights, of_nights, demands)


def _first_of_each(expectations: Sequence[Expectation]) -> Iterator[Expectation]:
    """Give one expectation per rule."""
    seen: set[str] = set()
    for expectation in expectations:
        if expectation.id not in seen:
            seen.add(expectation.id)
            yield expectation


def _demand(expectation: Expectation, verdicts: Sequence[ToldVerdict], language: str) -> Demand:
    counts = [{failure.rule: failure.count for failure in verdict.failures} for verdict in verdicts]
    return Demand(
        rule=expectation.id,
        severity=expectation.severity,
        level=expectation.level,
        owner=expectation.owner,
        note=expectation.note.sv if language == "sv" else expectation.note.en,
        counts=tuple(count.get(expectation.id, 0) for count in counts),
    )


def _private_folder(path: Path) -> None:
    if not path.is_dir():
        _private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
