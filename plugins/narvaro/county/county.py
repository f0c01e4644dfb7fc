"""A county as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from narvaro.county.checks import Files
from narvaro.county.model import Brake, Contact, Letters, Manners, Municipality, Owner, Quality, Retries, Source
from narvaro.county.problem import did_you_mean
from narvaro.county.publication import Publication
from narvaro.county.retention import Retention
from narvaro.county.values import Language
from narvaro.domain.school_calendar import SchoolCalendar, SchoolYear
from narvaro.domain.school_year import school_year_from_date
from narvaro.errors import ConfigError


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
    schedule: str
    contact: Contact
    letters: Letters
    quality: Quality
    manners: Manners
    brake: Brake
    retention: Retention
    retries: Retries
    municipalities: Mapping[str, Municipality] = field(repr=False)
    owners: Mapping[str, Owner] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    calendar: SchoolCalendar = field(repr=False)
    publication: Publication = field(repr=False)

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
            schedule=county.schedule,
            contact=county.contact,
            letters=county.letters,
            quality=county.quality,
            manners=county.manners,
            brake=county.brake,
            retention=county.retention,
            retries=county.retries,
            municipalities={m.code: m for m in files.municipalities.municipalities},
            owners={o.owner_id: o for o in files.owners.owners},
            sources={s.name: s for s in files.sources.sources},
            calendar=files.calendar,
            publication=files.publication,
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
        owner = self.owner_of(source_name)
        if owner.contact is not None:
            return owner.contact
        return self.municipalities[owner.municipality_code or ""].contact

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
