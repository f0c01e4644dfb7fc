"""The kinds of values that configuration files hold, and what makes each of them wrong."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict

Language = Literal["sv", "en"]

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CRON_FIELD = re.compile(r"(\*|[0-9]+(-[0-9]+)?)(/[0-9]+)?(,(\*|[0-9]+(-[0-9]+)?)(/[0-9]+)?)*")
_CRON_FIELDS = 5


def _email(text: str) -> str:
    """Demand an e-mail address; the error does not repeat it, for it may name a person."""
    if not _EMAIL.fullmatch(text) or ".." in text:
        message = "not an e-mail address. Write one such as skolkontoret@kommun.example."
        raise ValueError(message)
    return text


def _slug(text: str) -> str:
    """Demand small letters a-z, digits and single dashes."""
    if not _SLUG.fullmatch(text):
        message = f"{text!r} is not a name that fits in addresses. Use a-z, 0-9 and single dashes."
        raise ValueError(message)
    return text


def _timezone(text: str) -> str:
    """Demand the name of a time zone."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"there is no time zone {text!r}. Write a name of the tz database, Region/City."
        raise ValueError(message) from None
    return text


def _organisation_number(text: str) -> str:
    """Demand ten digits with a right check digit; the error does not repeat them, for they may be personal."""
    if not re.fullmatch(r"[0-9]{10}", text):
        message = "not an organisation number. Write its ten digits without a dash."
        raise ValueError(message)
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(text))
    if sum(number - 9 if number > 9 else number for number in doubled) % 10:  # noqa: PLR2004 - the Luhn rule
        message = "an organisation number whose check digit is wrong. Look for a mistyped digit."
        raise ValueError(message)
    # It is published: of a person who trades in their own name the number is the civic number.
    if text[2] in "01":
        message = "a civic number in an organisation number's place. Write an invented one whose third digit is 9."
        raise ValueError(message)
    return text


def _municipality_code(text: str) -> str:
    """Demand four digits."""
    if not re.fullmatch(r"[0-9]{4}", text):
        message = f"{text!r} is not a municipality code. Write its four digits in quotes."
        raise ValueError(message)
    return text


def _schedule(text: str) -> str:
    """Demand a cron expression of five fields."""
    fields = text.split()
    if len(fields) != _CRON_FIELDS or not all(_CRON_FIELD.fullmatch(part) for part in fields):
        message = f'{text!r} is not a schedule. Write five cron fields, "0 3 * * *" for 03:00 every night.'
        raise ValueError(message)
    return text


def _url(text: str) -> str:
    """Demand a web address without credentials in it; the error does not repeat it."""
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", text):
        message = "not a base address. Write https://host/path, without user, query or fragment."
        raise ValueError(message)
    return text.rstrip("/")


Email = Annotated[str, AfterValidator(_email)]
Slug = Annotated[str, AfterValidator(_slug)]
Timezone = Annotated[str, AfterValidator(_timezone)]
OrganisationNumber = Annotated[str, AfterValidator(_organisation_number)]
MunicipalityCode = Annotated[str, AfterValidator(_municipality_code)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Url = Annotated[str, AfterValidator(_url)]


class Entry(BaseModel):
    """A frozen entry of a configuration file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
