"""The entries of a county's configuration files, as models that know no other keys."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from narvaro.connections import conn_id_from_name

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


class Contact(Entry):
    """Who gets the letters, and in which language."""

    email: Email = Field(description="Functional address that gets the letters.")
    language: Language = Field(default="sv", description="Language of the letters: sv or en.")


class Municipality(Entry):
    """A municipality of the county."""

    code: MunicipalityCode = Field(description="Official code, four digits as text.")
    name: str = Field(min_length=1, description="Official name.")
    contact: Contact = Field(description="The municipality's school office.")


class Owner(Entry):
    """A school owner (huvudman)."""

    owner_id: OrganisationNumber = Field(description="Organisation number, ten digits as text.")
    name: str = Field(min_length=1, description="Registered name.")
    owner_type: Literal["kommunal", "enskild"] = Field(description="kommunal (municipal) or enskild (independent).")
    municipality_code: MunicipalityCode | None = Field(
        default=None, description="The municipality that the owner is; for owner_type kommunal only."
    )
    contact: Contact | None = Field(
        default=None, description="The owner's office; needed for enskild, else the municipality's is used."
    )


class Source(Entry):
    """A school system that is read every night."""

    name: Slug = Field(description="Name of the source: a-z, 0-9 and dashes; names its DAG, folders and rows.")
    owner: OrganisationNumber = Field(description="The owner_id of the owner whose data it holds.")
    system: Literal["ss12000"] = Field(default="ss12000", description="How the source speaks: ss12000.")
    conn_id: str = Field(
        default="", description="Airflow connection with its credentials; `narvaro_<name with _>` when absent."
    )
    base_url: Url | None = Field(default=None, description="Base address; the connection's host when absent.")
    token_url: Url | None = Field(
        default=None, description="Token address; `token_url` in the connection's extra when absent."
    )
    schedule: Schedule | None = Field(default=None, description="Cron expression; the county's when absent.")
    page_size: int = Field(default=1000, ge=1, le=100_000, description="Rows asked for on a page.")
    overlap_minutes: int = Field(default=15, ge=0, description="How far each read reaches back before its cursor.")
    timeout_seconds: float = Field(default=60.0, gt=0, description="Longest wait for one answer.")
    resend_filters: bool = Field(default=False, description="Whether every filter is sent again with each page token.")
    naive_timezone: Timezone | None = Field(
        default=None, description="Time zone of times that come without an offset; the county's when absent."
    )
    enabled: bool = Field(default=True, description="Whether the source is read.")

    def model_post_init(self, _context: object) -> None:
        """Give the connection its default name."""
        if not self.conn_id:
            # The model is frozen for everybody else; here it is not yet handed out.
            object.__setattr__(self, "conn_id", conn_id_from_name(self.name))


class Quality(Entry):
    """When data are set aside or refused."""

    quarantine_max_share: float = Field(
        default=0.05, ge=0, le=1, description="Share of a load's rows that may be quarantined before it is refused."
    )


class Retries(Entry):
    """How often a source that does not answer is asked again."""

    count: int = Field(default=3, ge=0, description="Attempts after the first.")
    delay_seconds: float = Field(default=60.0, ge=0, description="Wait after no answer.")
    busy_delay_seconds: float = Field(default=300.0, ge=0, description="Wait after 429 or 503 without Retry-After.")


class Letters(Entry):
    """How letters are signed."""

    sender_name: str = Field(min_length=1, description="Sender's name.")
    sender_address: Email = Field(description="Sender's address.")
    reply_to: Email = Field(description="Where answers go.")


class CountyFile(Entry):
    """county.yml: the county itself and what holds for all its sources."""

    code: str = Field(pattern=r"^[0-9]{2}$", description="Official county code, two digits as text.")
    name_sv: str = Field(min_length=1, description="Name in Swedish.")
    name_en: str = Field(min_length=1, description="Name in English.")
    timezone: Timezone = Field(description="The county's time zone.")
    languages: tuple[Language, ...] = Field(
        default=("sv", "en"), min_length=1, description="Languages of what is published; the first is the default."
    )
    night_bound: time = Field(description="Local time of a night's upper bound; later changes wait for the next night.")
    build_at: time = Field(description="Local time when the county is built with the sources that have arrived.")
    schedule: Schedule = Field(default="0 3 * * *", description="When sources are read, unless they say otherwise.")
    contact: Contact = Field(description="Who runs this installation; gets letters about the whole county.")
    letters: Letters = Field(description="How letters are signed.")
    quality: Quality = Field(default=Quality(), description="When data are set aside or refused.")
    retries: Retries = Field(default=Retries(), description="How often a silent source is asked again.")


class MunicipalitiesFile(Entry):
    """municipalities.yml: the county's municipalities."""

    municipalities: tuple[Municipality, ...] = Field(description="One entry per municipality.")


class OwnersFile(Entry):
    """owners.yml: the school owners (huvudmän)."""

    owners: tuple[Owner, ...] = Field(description="One entry per owner.")


class SourcesFile(Entry):
    """sources.yml: the school systems to read."""

    sources: tuple[Source, ...] = Field(description="One entry per system; may be empty.")
