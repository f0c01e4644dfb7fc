"""What has to be sent beside a page token, found out on pages of two rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from narvaro.sources.ss12000.paging import Question, ResendFilters
from narvaro.sources.ss12000.probe import looking
from narvaro.sources.ss12000.probe.asking import Answer, Asker, Json
from narvaro.sources.ss12000.probe.capabilities import Paging, ResourceFacts
from narvaro.sources.ss12000.probe.filtering import AFTER, LONG_AGO, Sample
from narvaro.sources.ss12000.probe.lists import Filters
from narvaro.sources.ss12000.times import wire_time

# As the standard has it first; then what was seen.
_WAYS: tuple[ResendFilters, ...] = ("never", "required_only", "always")
_ROWS = 2
_WANTED = 3


Limit = Literal["honoured", "ignored"]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a list's page tokens are and need."""

    paging: Paging | None = None
    ways: dict[str, str] | None = None
    kind: Literal["opaque", "offset"] | None = None
    limit: Limit | None = None


def token_facts(asker: Asker, sample: Sample) -> TokenFacts:
    """Ask for a second page in every way there is."""
    question, is_meant, accepted = _narrow(sample)
    first = asker.ask(question.resource, [*question.required, *question.filters], limit=_ROWS)
    limit: Limit | None = "ignored" if len(first.rows) > _ROWS else "honoured" if first.token else None
    if first.token is None:
        return TokenFacts(limit=limit)
    if not all(map(is_meant, first.rows)):
        # A server that ignores the filter cannot be caught forgetting it.
        is_meant, accepted = _any_row, "taken"
    ways: dict[str, str] = {}
    asked: list[Filters] = []
    for way in _WAYS:
        parameters = tuple(question.parameters(way))
        if parameters in asked:
            continue
        asked.append(parameters)
        answer = asker.ask(question.resource, [*parameters, ("pageToken", first.token)], limit=_ROWS)
        ways[way] = _judged(first, answer, is_meant) or accepted
    kind: Literal["opaque", "offset"] = "offset" if first.token.isdecimal() else "opaque"
    return TokenFacts(chosen_way(ways), ways, kind, limit)


def with_suspicion(facts: ResourceFacts, forgetful: frozenset[str]) -> ResourceFacts:
    """Give a list's facts when other lists of its server forget; what no row could tell is then not believed."""
    # Where both are apart, sending the required filters alone leaves the others to the token.
    if "never" in forgetful and "always" in facts.token_ways:
        forgetful |= {"required_only"}
    ways = {way: "suspect" if came == "taken" and way in forgetful else came for way, came in facts.token_ways.items()}
    return replace(facts, token_ways=ways, paging=chosen_way(ways)) if ways != facts.token_ways else facts


def _any_row(_row: Json) -> bool:
    """Let every row pass."""
    return True


def chosen_way(ways: Mapping[str, str]) -> Paging | None:
    """Give the first way that is safe; one that is only suspect before none."""
    for wanted in (("accepted", "taken"), ("suspect",)):
        for way in _WAYS:
            if ways.get(way) in wanted:
                return way
    return "unsafe" if set(ways.values()) & {"forgets", "repeats"} else None


def _judged(first: Answer, answer: Answer, is_meant: Callable[[Json], bool]) -> str:
    """Say what is wrong with a second page; nothing, when nothing is."""
    if not answer.is_answered:
        return "refused" if answer.outcome == "refused" else "failing"
    if not all(map(is_meant, answer.rows)):
        return "forgets"
    has_repeated = bool(answer.rows) and set(looking.ids(answer.rows)) <= set(looking.ids(first.rows))
    return "repeats" if answer.token == first.token or (has_repeated and "id" in answer.rows[0]) else ""


def _narrow(sample: Sample) -> tuple[Question, Callable[[Json], bool], str]:
    """Give a question that leaves out some of the sample, what tells the rows that it means, and what that proves.

    A later page that holds a row that was left out has forgotten what was asked. A window that is kept proves nothing
    of other filters.
    """
    zone, spec = sample.naive_timezone, sample.spec

    def changed(row: Json) -> datetime | None:
        return looking.modified(row, zone)

    def started(row: Json) -> datetime | None:
        return looking.moment(row.get("startTime"), zone)

    if spec.is_whole and (after := _cut(map(changed, sample.rows))) is not None:
        question = Question(spec.path, ((AFTER, wire_time(after)),), sample.required)
        return question, lambda row: _is_late(changed(row), after), "accepted"
    harmless = ((AFTER, LONG_AGO),) if spec.is_whole else ()
    if spec.window == "startTime" and (since := _cut(map(started, sample.rows))) is not None:
        span = tuple(
            (name, wire_time(since) if name.endswith("onOrAfter") else value) for name, value in sample.required
        )
        question = Question(spec.path, harmless, span)
        return question, lambda row: _is_late(started(row), since - timedelta(seconds=1)), "taken"
    return Question(spec.path, (*spec.filters, *harmless), sample.required), _any_row, "taken"


def _cut(found: Iterable[datetime | None]) -> datetime | None:
    """Give the latest moment that leaves enough rows for two pages, None when it would leave out no row."""
    ordered = sorted((moment for moment in found if moment is not None), reverse=True)
    if len(ordered) < _WANTED:
        return None
    cut = looking.just_before(ordered[_WANTED - 1])
    return cut if ordered[-1] <= cut else None


def _is_late(found: datetime | None, after: datetime) -> bool:
    """Tell whether a moment lies after another; a row without one says nothing."""
    return found is None or found > after
