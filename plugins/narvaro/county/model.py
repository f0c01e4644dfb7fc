"""The entries of a county's configuration files, as models that know no other keys."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field

from narvaro.connections import conn_id_from_name
from narvaro.county.reasons import DEFAULT_REASON_CODES, ReasonCode
from narvaro.county.retention import Retention
from narvaro.county.values import (
    Email,
    Entry,
    Language,
    MunicipalityCode,
    OrganisationNumber,
    Schedule,
    Slug,
    Timezone,
    Url,
)


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


class Plan(Entry):
    """How a source is read; `auto` chooses from what the probe found."""

    attendances: Literal["auto", "cursor", "window"] = Field(
        default="auto", description="Registers: by time of change (cursor), or by date through the lessons (window)."
    )
    lessons: Literal["auto", "cursor", "full"] = Field(
        default="auto", description="Lessons: by time of change (cursor), or the school year every night (full)."
    )
    grades: Literal["auto", "cursor", "full"] = Field(
        default="auto", description="Grades: by time of change (cursor), or all of them every night (full)."
    )
    window_days: int = Field(default=45, ge=1, le=400, description="How many days back lessons are read again.")
    window_every_days: int = Field(
        default=7, ge=0, description="Days between re-reads of the window beside the cursor; 0 for never."
    )
    full_every_days: int = Field(
        default=28, ge=0, description="Days between whole reads, which find untold deletions; 0 for never."
    )
    control_weeks: int = Field(
        default=2, ge=0, le=60, description="Newest weeks held against the source's own sums, the running one too."
    )
    control_tolerance: float = Field(
        default=0.001, ge=0, lt=1, description="Share of a school unit's minutes in a week that may be missing."
    )
    look_twice: bool = Field(
        default=True,
        description="Ask for the beginning of each list once more, with other pages, to see what they lose.",
    )
    orphan_tolerance: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the pupils, lessons and so on that a night refers to that may be missing from their "
        "lists, where the source cannot be asked whether it has them.",
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
    resend_filters: Literal["never", "required_only", "always"] | None = Field(
        default=None, description="Filters sent again with each page token; as the probe found when absent."
    )
    requests_per_second: float | None = Field(
        default=None, gt=0, description="Most requests a second to its host; the county's when absent."
    )
    plan: Plan = Field(default=Plan(), description="How it is read.")
    naive_timezone: Timezone | None = Field(
        default=None, description="Time zone of times that come without an offset; the county's when absent."
    )
    reasons: Literal["nothing", "coarse"] = Field(
        default="nothing", description="What lands of written reasons of absence: nothing, or a coarse code."
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


class Manners(Entry):
    """What one host, which may serve several sources, is asked to bear."""

    requests_per_second: float = Field(default=20.0, gt=0, description="Most requests a second to one host.")
    concurrent_reads: int = Field(default=4, ge=1, description="Most sources of one host read side by side.")


class Brake(Entry):
    """When deletions wait for a person: both limits must be passed in a school unit."""

    max_share: float = Field(default=0.1, ge=0, le=1, description="Share of a unit's rows that may vanish in a night.")
    min_rows: int = Field(default=100, ge=1, description="Rows that may vanish from a unit whatever their share.")


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
    morning: time | None = Field(
        default=None,
        description="Local time before which only what is new and critical goes; letters go at once when absent.",
    )
    quiet_days: tuple[Literal["weekends", "holidays", "breaks"], ...] = Field(
        default=(), description="Days without letters, which wait for the next other day; none when absent."
    )
    critical_on_quiet_days: bool = Field(
        default=True, description="Whether a letter with something new and critical goes on a quiet day too."
    )


class Escalation(Entry):
    """When an open issue is told to the region: working days after it was opened, or first said to be being mended."""

    critical: int = Field(default=5, ge=0, le=250, description="Working days for critical issues; 0 for never.")
    warning: int = Field(default=20, ge=0, le=250, description="Working days for warnings; 0 for never.")


class Flapping(Entry):
    """When an issue that comes and goes is told as such, and then kept quiet until it stays one or the other."""

    times: int = Field(default=3, ge=1, description="How often it may open within the nights; once more is flapping.")
    nights: int = Field(
        default=14, ge=1, le=365, description="The nights that are counted, and how long it must then be unchanged."
    )


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
    figures_by: time | None = Field(
        default=None,
        description="Local time when figures that are still missing are told to the engineer; never if null.",
    )
    schedule: Schedule = Field(default="0 3 * * *", description="When sources are read, unless they say otherwise.")
    contact: Contact = Field(description="Who runs this installation; gets letters about the whole county.")
    letters: Letters = Field(description="How letters are signed.")
    quality: Quality = Field(default=Quality(), description="When data are set aside or refused.")
    manners: Manners = Field(default=Manners(), description="What one host is asked to bear.")
    brake: Brake = Field(default=Brake(), description="When deletions wait for a person.")
    escalation: Escalation = Field(default=Escalation(), description="When open issues are told to the region.")
    flapping: Flapping = Field(default=Flapping(), description="When an issue that comes and goes is kept quiet.")
    retention: Retention = Field(default=Retention(), description="How long pupils' rows are kept.")
    reason_codes: tuple[ReasonCode, ...] = Field(
        default=DEFAULT_REASON_CODES, description="Codes for sources whose `reasons` is coarse, in order."
    )
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
