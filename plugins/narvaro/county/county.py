"""A county as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from narvaro.county.checks import Files
from narvaro.county.model import (
    Brake,
    Contact,
    Escalation,
    Flapping,
    Letters,
    Manners,
    Municipality,
    Owner,
    Quality,
    Retries,
    Source,
)
from narvaro.county.problem import did_you_mean
from narvaro.county.publication import Publication
from narvaro.county.recipients import ENGINEER, OWNER_ROLES, Recipient, Role
from narvaro.county.retention import Retention
from narvaro.county.values import Language
from narvaro.domain.public_holiday import is_public_holiday
from narvaro.domain.school_calendar import SchoolCalendar, SchoolYear
from narvaro.domain.school_year import school_year_from_date
from narvaro.errors import ConfigError

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class County:
    """One county: its municipalities, owners, sources, calendar and publication."""

    config_dir: Path
    code: str
    names: Mapping[str, str]
    timezone: ZoneInfo
    languages: tuple[Language, ...]
    night_bound: time
    build_at: time
    figures_by: time | None
    schedule: str
    contact: Contact
    letters: Letters
    quality: Quality
    manners: Manners
    brake: Brake
    escalation: Escalation
    flapping: Flapping
    retention: Retention
    reason_codes: Mapping[str, tuple[str, ...]]
    retries: Retries
    municipalities: Mapping[str, Municipality] = field(repr=False)
    owners: Mapping[str, Owner] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    calendar: SchoolCalendar = field(repr=False)
    publication: Publication = field(repr=False)
    recipients: tuple[Recipient, ...] = field(default=(), repr=False)

    @classmethod
    def from_files(cls, config_dir: Path, files: Files) -> County:
        """Put a county together from its validated files."""
        county = files.county
        return cls(
            config_dir=config_dir,
            code=county.code,
            names={"sv": county.name_sv, "en": county.name_en},
            timezone=ZoneInfo(county.timezone),
            languages=county.languages,
            night_bound=county.night_bound,
            build_at=county.build_at,
            figures_by=county.figures_by,
            schedule=county.schedule,
            contact=county.contact,
            letters=county.letters,
            quality=county.quality,
            manners=county.manners,
            brake=county.brake,
            escalation=county.escalation,
            flapping=county.flapping,
            retention=county.retention,
            reason_codes={entry.code: entry.words for entry in county.reason_codes},
            retries=county.retries,
            municipalities={m.code: m for m in files.municipalities.municipalities},
            owners={o.owner_id: o for o in files.owners.owners},
            sources={s.name: s for s in files.sources.sources},
            calendar=files.calendar,
            publication=files.publication,
            recipients=files.recipients.recipients,
        )

    def name(self, language: Language = "sv") -> str:
        """Give the county's name in a language."""
        return self.names[language]

    @property
    def enabled_sources(self) -> tuple[Source, ...]:
        """The sources that are read, in the order of the file."""
        return tuple(source for source in self.sources.values() if source.enabled)

    @property
    def geojson_path(self) -> Path | None:
        """The municipalities' outlines, None when the county has none."""
        path = self.config_dir / "municipalities.geojson"
        return path if path.is_file() else None

    def source(self, name: str) -> Source:
        """Give a source by its name.

        Raises:
            ConfigError: the county has no such source.
        """
        if name not in self.sources:
            message = (
                f"There is no source {name} in {self.config_dir / 'sources.yml'}. {did_you_mean(name, self.sources)}"
            )
            raise ConfigError(message)
        return self.sources[name]

    def owner_of(self, source_name: str) -> Owner:
        """Give the owner whose data a source holds."""
        return self.owners[self.source(source_name).owner]

    def schedule_of(self, source_name: str) -> str:
        """Give the cron expression that a source is read by."""
        return self.source(source_name).schedule or self.schedule

    def source_contact(self, source_name: str) -> Contact:
        """Give who gets the letters about a source: its owner, else the owner's municipality."""
        return self.owner_contact(self.owner_of(source_name).owner_id)

    def owner_contact(self, owner_id: str) -> Contact:
        """Give a school owner's contact, by default its municipality's."""
        owner = self.owners[owner_id]
        if owner.contact is not None:
            return owner.contact
        return self.municipalities[owner.municipality_code or ""].contact

    def recipients_for(self, owner_id: str, role: str, school_unit_code: str | None = None) -> list[Recipient]:
        """Give who is told of a fault: the role's recipients, with an address for the whole owner always among them.

        Units' recipients and channels are told besides; without an address of its own a role is the contact's.
        """
        mine = [one for one in self.recipients if one.owner == owner_id and role in one.roles]
        told = [one for one in mine if not one.school_units or school_unit_code in one.school_units]
        if any(one.email and not one.school_units for one in told):
            return told
        return [self._recipient_of(self.owner_contact(owner_id), owner=owner_id), *told]

    @property
    def engineers(self) -> list[Recipient]:
        """Who is told of what is ours to mend: those of that role, else the county's contact."""
        found = [one for one in self.recipients if ENGINEER in one.roles]
        if any(one.email for one in found):
            return found
        return [self._recipient_of(self.contact, roles=(ENGINEER,)), *found]

    def _recipient_of(self, contact: Contact, *, owner: str | None = None, roles: tuple[Role, ...] = ()) -> Recipient:
        """Give a contact as a recipient; an address that recipients.yml names too reads in that language."""
        named = (one.language for one in self.recipients if one.email == contact.email)
        language = next(named, contact.language)
        return Recipient(owner=owner, roles=roles or OWNER_ROLES, email=contact.email, language=language)

    def morning_of(self, night: date) -> datetime | None:
        """Give when a night's letters may go, in UTC; None for at once."""
        if self.letters.morning is None:
            return None
        return datetime.combine(night, self.letters.morning, tzinfo=self.timezone).astimezone(UTC)

    def is_quiet(self, day: date) -> bool:
        """Tell whether letters wait for another day."""
        quiet = self.letters.quiet_days
        return (
            ("weekends" in quiet and day.weekday() >= _SATURDAY)
            or ("holidays" in quiet and is_public_holiday(day))
            or ("breaks" in quiet and self.calendar.is_break(day))
        )

    def is_working_day(self, day: date) -> bool:
        """Tell whether somebody is at work at the school offices: no weekend, public holiday, break or summer."""
        return day.weekday() < _SATURDAY and not is_public_holiday(day) and not self.calendar.is_break(day)

    def working_days_after(self, first: date, last: date) -> int:
        """Count the working days after one day, up to and including another."""
        return sum(self.is_working_day(first + timedelta(days=day + 1)) for day in range((last - first).days))

    def night_bound_at(self, night: date) -> datetime:
        """Give a night's upper bound in UTC; of a doubled hour the first, of a skipped one the moment it would be."""
        return datetime.combine(night, self.night_bound, tzinfo=self.timezone).astimezone(UTC)

    def night_of(self, moment: datetime) -> date:
        """Give the newest night whose upper bound has passed at a moment."""
        night = moment.astimezone(self.timezone).date()
        return night if self.night_bound_at(night) <= moment else night - timedelta(days=1)

    def school_year_of(self, day: date) -> SchoolYear:
        """Give the school year that a day lies in.

        Raises:
            ConfigError: the calendar has no such school year.
        """
        year = self.calendar.school_year_of(day)
        if year is None:
            message = f"{self.config_dir / 'calendar.yml'}: no school year {school_year_from_date(day)}. Add its terms."
            raise ConfigError(message)
        return year
