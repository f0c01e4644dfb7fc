"""The words of the pages, and numbers and days as a reader of one language writes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")
_LOCALES: Mapping[Language, str] = {"sv": "sv_SE", "en": "en_GB"}
_NO_BREAK = "\N{NO-BREAK SPACE}"


@cache
def texts(language: Language) -> Mapping[str, Any]:
    """Read every sentence of the pages in a language."""
    path = Path(__file__).with_name("texts") / f"{language}.yml"
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, numbers and days."""

    language: Language
    timezone: ZoneInfo

    def text(self, key: str, **values: object) -> str:
        """Give the sentence of a dotted key with its values filled in."""
        found: Any = texts(self.language)
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values)

    def counted(self, key: str, count: int) -> str:
        """Give the form of a sentence that fits a number."""
        return self.text(f"{key}.{'one' if count == 1 else 'other'}", count=self.number(count))

    def number(self, value: float, decimals: int = 0) -> str:
        """Give a number with the language's marks."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, format=pattern, locale=_LOCALES[self.language]))

    def pct(self, value: float | None) -> str:
        """Give a percentage with its sign, two points for one that is not shown."""
        if value is None:
            return ".."
        return self.number(value) + (f"{_NO_BREAK}%" if self.language == "sv" else "%")

    def day(self, day: date | None) -> str:
        """Give a day in words, a dash for none."""
        if day is None:
            return "\N{EN DASH}"
        return str(format_date(day, format="d MMM y", locale=_LOCALES[self.language]))

    def moment(self, moment: datetime) -> str:
        """Give a point in time as the county's clocks showed it."""
        local = moment.astimezone(self.timezone)
        return str(format_datetime(local, format="d MMM y HH:mm", locale=_LOCALES[self.language]))

    def week(self, iso_week: str) -> str:
        """Give an ISO week as people say it, 38 for 2026-W38."""
        return self.text("week", number=int(iso_week.rpartition("W")[2]))
