"""Probes one server: what it serves, what it minds, and what it keeps back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from narvaro.errors import NarvaroError, SourceError
from narvaro.sources.ss12000.probe import extras, filtering, looking
from narvaro.sources.ss12000.probe.asking import Answer, Asker
from narvaro.sources.ss12000.probe.capabilities import LARGE_LISTS, Capabilities, ResourceFacts
from narvaro.sources.ss12000.probe.filtering import Sample
from narvaro.sources.ss12000.probe.lists import LISTS, ListSpec, looks
from narvaro.sources.ss12000.probe.tokens import token_facts, with_suspicion
from narvaro.sources.ss12000.transport import Transport

# In version 2.1 these cannot be without `meta`.
_META_SINCE_2_1 = ("/activities", "/groups", "/persons", "/syllabuses")


@dataclass(slots=True)
class Probe:
    """One probe under way; `samples` keep the first page of each list while it lasts."""

    asker: Asker
    timezone: ZoneInfo
    naive_timezone: ZoneInfo
    page_size: int
    clock: Callable[[], datetime]
    # Whether a list that does not answer ends the probe, as it would end the night.
    must_answer: bool = True
    samples: dict[str, Sample] = field(default_factory=dict)
    token_kinds: list[str] = field(default_factory=list)

    def run(self) -> Capabilities:
        """Ask everything.

        Raises:
            SourceError: a list that a night reads does not answer right now.
            NarvaroError: the server answers nothing at all; the error is its own.
        """
        asked_at = self.clock()
        self._look(asked_at)
        server_date = self.asker.transport.server_date
        clock, skew = extras.clock_of(server_date, asked_at)
        resources = _less_trusting({path: self._list_facts(sample) for path, sample in self.samples.items()})
        deletions, deletions_after = extras.deletions_of(self.asker, server_date or asked_at)
        return Capabilities(
            resources=resources,
            version=_version(resources),
            deletions=deletions,
            deletions_after=deletions_after,
            clock=clock,
            clock_skew_seconds=skew,
            **self._ways_to_ask(),
            **self._shown_by_rows(),
            requests=self.asker.asked,
        )

    def _look(self, asked_at: datetime) -> None:
        """Ask for the first page of every list."""
        errors: list[NarvaroError] = []
        for spec in LISTS:
            sample = self._first_page(spec, asked_at)
            if not sample.answer.is_answered:
                # What is believed for a week is worth a second question.
                sample = self._first_page(spec, asked_at)
            self.samples[spec.path] = sample
            if sample.answer.error is not None:
                errors.append(sample.answer.error)
            if self.must_answer and spec.is_needed and isinstance(sample.answer.error, SourceError):
                raise sample.answer.error
        if not any(sample.answer.is_answered for sample in self.samples.values()):
            raise errors[0]

    def _first_page(self, spec: ListSpec, asked_at: datetime) -> Sample:
        """Ask for a list's first page, through a wider window when a narrow one has no rows."""
        # The server's own today: a test system may live in another month.
        now = self.asker.transport.server_date or asked_at
        answer, required = Answer("failing"), looks(spec, now)[0]
        for required in looks(spec, now):
            answer = self.asker.ask(spec.path, [*spec.filters, *required])
            if answer.outcome == "refused" and spec.filters:
                answer = self.asker.ask(spec.path, required)
            if answer.rows or not answer.is_answered:
                break
        return Sample(spec, answer, required, self.naive_timezone)

    def _list_facts(self, sample: Sample) -> ResourceFacts:
        """Ask about one list."""
        rows, spec = sample.rows, sample.spec
        if not rows:
            return ResourceFacts(sample.answer.access)
        changes = looking.modified_texts(rows)
        tokens = token_facts(self.asker, sample)
        if tokens.kind is not None:
            self.token_kinds.append(tokens.kind)
        filters = filtering.filters_of(self.asker, sample) | filtering.window_of(self.asker, sample)
        lookup, by_id = extras.single_objects(self.asker, sample) if spec.has_lookup else (None, None)
        return ResourceFacts(
            "served",
            paging=tokens.paging,
            token_ways=tokens.ways or {},
            limit=tokens.limit,
            filters=filters,
            has_meta=bool(changes) if spec.is_whole else None,
            modified_times=looking.times(changes),
            row_times=looking.times(looking.texts_of(spec.time, rows)),
            has_microseconds=looking.has_fractions(changes),
            missing=looking.missing(spec, rows),
            lookup=lookup,
            by_id=by_id,
        )

    def _ways_to_ask(self) -> dict[str, Any]:
        """Ask what holds for the server as a whole."""
        found: dict[str, Any] = {"tokens": _tokens(self.token_kinds)}
        if lessons := self._with_rows("/calendarEvents"):
            found["expand_attendance"] = extras.expand_attendance(self.asker, lessons)
            found["lookup_by_lessons"] = extras.lookup_by_lessons(self.asker, looking.ids(lessons.rows))
        if largest := self._with_rows(*LARGE_LISTS):
            found["page_cap"], found["too_large"] = extras.page_limits(self.asker, largest, self.page_size)
            found["unknown_filters"] = filtering.unknown_filter(self.asker, largest)
            minded = filtering.offsets(self.asker, largest)
            found["filter_offsets"] = None if minded is None else "honoured" if minded else "ignored"
        return found

    def _shown_by_rows(self) -> dict[str, Any]:
        """Give what the samples show without being asked for."""
        lessons = self.samples["/calendarEvents"].rows
        everything = [row for sample in self.samples.values() for row in sample.rows]
        return {
            "modified_is_start": looking.is_modified_at_start(lessons, self.naive_timezone),
            "lesson_hours": looking.lesson_hours(lessons, self.naive_timezone, self.timezone),
            "names_unasked": looking.has_names(everything),
            "civic_spellings": looking.civic_spellings(self.samples["/persons"].rows),
        }

    def _with_rows(self, *paths: str) -> Sample | None:
        """Give the first of these lists that has rows."""
        return next((self.samples[path] for path in paths if self.samples[path].rows), None)


def probe(
    transport: Transport,
    *,
    timezone: ZoneInfo,
    naive_timezone: ZoneInfo | None = None,
    page_size: int = 1000,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Capabilities:
    """Find out what a server does, with at most `MOST_QUESTIONS` small questions.

    Args:
        transport: the way to the server; fresh, for its first answer tells the server's clock.
        timezone: the county's.
        naive_timezone: that of times without an offset; the county's when absent.
        page_size: what a night asks for on a page.
        clock: our own.

    Raises:
        SourceError: a list that a night reads does not answer right now.
        NarvaroError: the server answers nothing at all; the error is its own.
    """
    asker = Asker(transport)
    return Probe(asker, timezone, naive_timezone or timezone, page_size, clock).run()


def _less_trusting(resources: dict[str, ResourceFacts]) -> dict[str, ResourceFacts]:
    """Give the lists' facts, each in the light of what the others forget."""
    ways = [way for facts in resources.values() for way, came in facts.token_ways.items() if came == "forgets"]
    return {path: with_suspicion(facts, frozenset(ways)) for path, facts in resources.items()}


def _tokens(kinds: list[str]) -> str | None:
    """Give the kind of the server's tokens."""
    if not kinds:
        return None
    return "offset" if "offset" in kinds else "opaque"


def _version(resources: Mapping[str, ResourceFacts]) -> Any:  # noqa: ANN401 - a word of Capabilities
    """Guess the version of the standard: 2.1 knows no such object without `meta`."""
    known = [resources[path].has_meta for path in _META_SINCE_2_1 if resources[path].has_meta is not None]
    if not known:
        return None
    return "2.1" if all(known) else "2.0"
