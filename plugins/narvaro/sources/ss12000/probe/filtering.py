"""Whether a list's filters do what the standard says: keep away what they must, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from narvaro.sources.ss12000.probe import looking
from narvaro.sources.ss12000.probe.asking import Answer, Asker, Json
from narvaro.sources.ss12000.probe.capabilities import Use
from narvaro.sources.ss12000.probe.lists import Filters, ListSpec
from narvaro.sources.ss12000.times import wire_time

# Later than any change, and earlier than any.
FAR, LONG_AGO = "2199-01-01T00:00:00Z", "1971-01-01T00:00:00Z"
_FAR_DAY = "2199-01-01"
# Swedish time is two hours off at most, and whole spans must hold what they hold.
_CLOCKS_APART = timedelta(hours=3)
# One row too many tells as much as a page.
_FEW = 5
AFTER, BEFORE = "meta.modified.after", "meta.modified.before"


@dataclass(frozen=True, slots=True)
class Sample:
    """A list's first page, and what it had to be asked with."""

    spec: ListSpec
    answer: Answer
    required: Filters
    naive_timezone: ZoneInfo

    @property
    def rows(self) -> list[Json]:
        """The rows of the page."""
        return self.answer.rows

    def newest_change(self) -> datetime | None:
        """Give a moment at which one of the rows was changed, the first of the page."""
        moments = (looking.modified(row, self.naive_timezone) for row in self.rows)
        return next((found for found in moments if found is not None), None)


def filters_of(asker: Asker, sample: Sample) -> dict[str, Use]:
    """Give what a list makes of the filters that we send."""
    found: dict[str, Use] = {}
    for name, value in _impossible(sample.spec):
        answer = asker.ask(sample.spec.path, [*sample.required, (name, value)], limit=_FEW)
        if (use := _use_of_impossible(answer)) is not None:
            found[name] = use
    for name, value in sample.spec.filters:
        answer = asker.ask(sample.spec.path, [*sample.required, (name, value)], limit=_FEW)
        found |= _use_of(name, answer, lambda row: bool(row.get("enrolments")))
    if sample.spec.is_whole and found.get(AFTER) == "honoured" == found.get(BEFORE) and _loses(asker, sample):
        found |= {AFTER: "loses_rows", BEFORE: "loses_rows"}
    return found


def window_of(asker: Asker, sample: Sample) -> dict[str, Use]:
    """Give what a list makes of the window that the standard demands."""
    if sample.spec.window != "startTime":
        return {}
    far = (("startTime.onOrAfter", FAR), ("startTime.onOrBefore", FAR))
    use = _use_of_impossible(asker.ask(sample.spec.path, far, limit=_FEW))
    return {name: use for name, _ in far} if use is not None else {}


def offsets(asker: Asker, sample: Sample) -> bool | None:
    """Tell whether an offset in a filter is minded.

    The same span written by a clock five hours east must give the same rows; a known change that lies outside its own
    second, and inside the hours around it, tells of a server that takes our UTC for its local time.
    """
    change = sample.newest_change()
    if change is None:
        return None
    first, last = looking.just_before(change), change.replace(microsecond=0) + timedelta(seconds=1)
    plain = asker.ask(sample.spec.path, [*sample.required, *_span(first, last, wire_time)], limit=_FEW)
    shifted = asker.ask(sample.spec.path, [*sample.required, *_span(first, last, _five_hours_east)], limit=_FEW)
    if not (plain.is_answered and shifted.is_answered):
        return None
    if not plain.rows:
        return None if _loses(asker, sample) else False
    return bool(set(looking.ids(plain.rows)) & set(looking.ids(shifted.rows)))


def unknown_filter(asker: Asker, sample: Sample) -> Use | None:
    """Give what is done with a filter that nobody has heard of."""
    answer = asker.ask(sample.spec.path, [*sample.required, ("narvaro.unknown", "1")], limit=1)
    if answer.outcome == "refused":
        return "refused"
    return "ignored" if answer.is_answered else None


def _impossible(spec: ListSpec) -> Iterator[tuple[str, str]]:
    """Give filters that no row can satisfy."""
    if spec.is_whole:
        yield AFTER, FAR
        yield BEFORE, LONG_AGO
    if spec.path == "/grades":
        yield "registeredDate.onOrAfter", _FAR_DAY
    if spec.path in ("/attendances", "/calendarEvents"):
        yield "organisation", str(uuid.UUID(int=0x5A12, version=4))


def _use_of_impossible(answer: Answer) -> Use | None:
    """Judge a filter that leaves no row."""
    if answer.outcome == "refused":
        return "refused"
    if not answer.is_answered:
        return None
    return "ignored" if answer.rows else "honoured"


def _use_of(name: str, answer: Answer, is_meant: Callable[[Json], bool]) -> dict[str, Use]:
    """Judge a filter by whether every row satisfies it."""
    if answer.outcome == "refused":
        return {name: "refused"}
    if not answer.rows:
        return {}
    return {name: "honoured" if all(map(is_meant, answer.rows)) else "ignored"}


def _loses(asker: Asker, sample: Sample) -> bool:
    """Tell whether a span that holds a known change, by any clock of Sweden, comes back empty."""
    change = sample.newest_change()
    if change is None:
        return False
    span = _span(looking.just_before(change - _CLOCKS_APART), change.replace(microsecond=0) + _CLOCKS_APART, wire_time)
    answer = asker.ask(sample.spec.path, [*sample.required, *span], limit=_FEW)
    return answer.is_answered and not answer.rows


def _span(first: datetime, last: datetime, write: Callable[[datetime], str]) -> Filters:
    """Write a span of changes."""
    return ((AFTER, write(first)), (BEFORE, write(last)))


def _five_hours_east(moment: datetime) -> str:
    """Write a moment by a clock that is five hours ahead of UTC."""
    return wire_time(moment + timedelta(hours=5)).removesuffix("Z") + "+05:00"
