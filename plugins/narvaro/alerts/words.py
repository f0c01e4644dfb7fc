"""The words of letters: every text of a language, and numbers and days as it writes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@cache
def texts(language: str) -> dict[str, Any]:
    """Give every word that letters use in a language.

    Raises:
        AlertError: there are no texts in this language.
    """
    path = Path(__file__).with_name("texts") / f"{language}.yml"
    if not path.is_file():
        message = f"There are no letters in {language}. Choose sv or en for the contact, or add {path.name}."
        raise AlertError(message)
    words: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words


def counted(forms: str | Mapping[str, str], count: int) -> str:
    """Give the form of a text that fits a number; 0 has a form of its own where the text has one."""
    if isinstance(forms, str):
        return forms
    if count == 0 and "none" in forms:
        return forms["none"]
    return forms["one" if count == 1 else "other"]


def number(value: int, language: str) -> str:
    """Give a number as the language writes it."""
    return format_decimal(value, locale=language)


def long_day(day: date, language: str) -> str:
    """Give a day with its year as the language writes it."""
    return format_date(day, format="long", locale=language)


def short_day(day: date, language: str) -> str:
    """Give a day without its year as the language writes it."""
    return format_date(day, format="d MMMM", locale=language)
