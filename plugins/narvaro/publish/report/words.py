"""Words and numbers as a reader of one language writes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from narvaro.publish.report.figures import Measure

Language = Literal["sv", "en"]

_TEXTS_PATH = Path(__file__).with_name("texts.yml")
_LOCALES: Mapping[Language, str] = {"sv": "sv_SE", "en": "en_GB"}
_NO_BREAK = "\N{NO-BREAK SPACE}"


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    """Read every sentence of the page."""
    texts: Mapping[str, Mapping[str, str]] = yaml.safe_load(_TEXTS_PATH.read_text(encoding="utf-8"))
    return texts


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, numbers and days."""

    language: Language

    def text(self, key: str, **values: object) -> str:
        """Give a sentence with its values filled in."""
        # A number and its sign stay on one line.
        return _texts()[key][self.language].format(**values).replace(" %", f"{_NO_BREAK}%")

    def has(self, key: str) -> bool:
        """Tell whether there is such a sentence."""
        return key in _texts()

    def pct(self, measure: Measure, *, decimals: int = 1) -> str:
        """Give a percentage with its sign, or the sign of why there is none."""
        if measure.value is None:
            return str(measure.sign)
        return self.number(measure.value, decimals=decimals) + (f"{_NO_BREAK}%" if self.language == "sv" else "%")

    def value(self, measure: Measure, *, decimals: int = 1) -> str:
        """Give a bare number, or the sign of why there is none."""
        return str(measure.sign) if measure.value is None else self.number(measure.value, decimals=decimals)

    def number(self, value: float, *, decimals: int = 0) -> str:
        """Give a number with the language's marks."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, format=pattern, locale=_LOCALES[self.language]))

    def day(self, day: date) -> str:
        """Give a day in words."""
        return str(format_date(day, format="d MMMM y", locale=_LOCALES[self.language]))

    def term(self, code: str | None) -> str:
        """Name a term code such as 2026HT."""
        return self.text(f"term_{code[4:]}", year=code[:4]) if code else ""

    def week(self, iso_week: str) -> str:
        """Give the number of an ISO week such as 2026-W38."""
        return str(int(iso_week.rpartition("W")[2]))

    def cell(self, form: str, grade: str) -> str:
        """Name a school form, or a grade within it."""
        if grade == "all":
            return self.text(f"form_{form}") if self.has(f"form_{form}") else form
        if grade == "unknown":
            return self.text("grade_unknown")
        return self.text("grade_GY" if form.startswith("GY") else "grade", grade=grade)
