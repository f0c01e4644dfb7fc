"""Gathers what a conformance report rests on: a probe, and trials that a night has no need of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from narvaro.sources.ss12000.paging import Question, ResendFilters
from narvaro.sources.ss12000.probe import looking
from narvaro.sources.ss12000.probe.asking import Asker
from narvaro.sources.ss12000.probe.capabilities import Capabilities
from narvaro.sources.ss12000.probe.filtering import Sample
from narvaro.sources.ss12000.probe.probing import Probe
from narvaro.sources.ss12000.probe.wire_log import WireLog
from narvaro.sources.ss12000.transport import Transport

SWEDISH_TIME = ZoneInfo("Europe/Stockholm")
MOST_QUESTIONS = 200
_WALKED_PAGES, _WALKED_ROWS = 6, 20
_NO_SUCH_TOKEN = "bm8tc3VjaC10b2tlbg"  # noqa: S105 - it opens nothing
_NO_SUCH_ID = "00000000-0000-4000-8000-000000005a12"


@dataclass(frozen=True, slots=True)
class Walk:
    """Some pages of a list, one after another."""

    path: str
    pages: int
    rows: int
    distinct: int
    empty: int
    tokens_repeat: bool
    has_ended: bool
    was_refused: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a server when its checks are made."""

    capabilities: Capabilities
    samples: dict[str, Sample]
    log: WireLog
    # The status of an answer to nobody, and to somebody with a wrong token; None: no answer.
    door_without_token: int | None
    door_with_wrong_token: int | None
    walks: tuple[Walk, ...]
    # What came of a token, an id and a list that do not exist.
    strange: Mapping[str, str] = field(default_factory=dict)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Give the sample of a list."""
        return self.samples[path].rows


def gather(transport: Transport, log: WireLog, stranger: httpx.Client, *, page_size: int) -> Evidence:
    """Ask everything; `stranger` is a client that nobody has let in.

    Raises:
        NarvaroError: the server answers nothing at all; the error is its own.
    """
    doors = [_door(stranger, log, headers) for headers in ({}, {"Authorization": "Bearer nobody"})]
    asker = Asker(transport, most_questions=MOST_QUESTIONS)
    under_way = Probe(asker, SWEDISH_TIME, SWEDISH_TIME, page_size, lambda: datetime.now(UTC), must_answer=False)
    found = under_way.run()
    walks = [_walk(asker, found, sample) for sample in under_way.samples.values() if len(sample.rows) > 1]
    strange = {
        "page token": asker.ask("/organisations", [("pageToken", _NO_SUCH_TOKEN)]).outcome,
        "id": asker.fetch("/organisations", _NO_SUCH_ID).outcome,
        "list": asker.ask("/narvaroUnknown").outcome,
    }
    return Evidence(found, under_way.samples, log, doors[0], doors[1], tuple(walks), strange)


def _door(stranger: httpx.Client, log: WireLog, headers: dict[str, str]) -> int | None:
    """Knock without being let in; gives the status."""
    try:
        return stranger.get(
            f"{log.base_url.rstrip('/')}/organisations", params={"limit": 1}, headers=headers
        ).status_code
    except httpx.HTTPError:
        return None


def _walk(asker: Asker, found: Capabilities, sample: Sample) -> Walk:
    """Walk some pages of a list the way its tokens want."""
    spec, facts = sample.spec, found.of(sample.spec.path)
    question = Question(spec.path, spec.filters, sample.required)
    way: ResendFilters = "never" if facts.paging is None or facts.paging == "unsafe" else facts.paging
    empty = 0
    ids: list[Any] = []
    tokens: list[str] = []
    pages, was_refused = 0, False
    parameters = [*question.required, *question.filters]
    while pages < _WALKED_PAGES:
        answer = asker.ask(spec.path, parameters, limit=_WALKED_ROWS)
        if not answer.is_answered:
            was_refused = True
            break
        pages += 1
        ids += looking.ids(answer.rows)
        if answer.token is None:
            break
        tokens.append(answer.token)
        empty += not answer.rows
        parameters = [*question.parameters(way), ("pageToken", answer.token)]
    has_ended = pages > len(tokens)
    has_repeated = len(set(tokens)) < len(tokens)
    return Walk(spec.path, pages, len(ids), len(set(ids)), empty, has_repeated, has_ended, was_refused)
