"""Asks a server single questions, few and small, and takes any answer as a fact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from narvaro.errors import NarvaroError, SettingsError, SourceDeniedError, SourceError, SourceShapeError
from narvaro.sources.ss12000.decode import open_envelope
from narvaro.sources.ss12000.probe.capabilities import Access
from narvaro.sources.ss12000.refusals import NotServedError, RequestRefusedError
from narvaro.sources.ss12000.transport import Parameters, Transport

# A probe is no load: this many questions, each for a page of this many rows at most (one is for a whole page).
MOST_QUESTIONS = 150
SAMPLE_ROWS = 50
# So many failures on end are no property of single questions: the server is away.
_PATIENCE = 4

Outcome = Literal["answered", "refused", "forbidden", "not_served", "failing"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question; rows stay in memory and only their shape is ever told."""

    outcome: Outcome
    rows: list[Json] = field(default_factory=list, repr=False)
    # What stood as data when it was no list of objects.
    data: Any = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    error: NarvaroError | None = field(default=None, repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether a page came."""
        return self.outcome == "answered"

    @property
    def access(self) -> Access:
        """What the answer says of a list."""
        if self.outcome == "answered":
            return "served" if self.rows else "empty"
        return "failing" if self.outcome == "refused" else self.outcome


class Asker:
    """One probe's questions to one server, counted."""

    def __init__(self, transport: Transport, *, most_questions: int = MOST_QUESTIONS) -> None:
        self.transport = transport
        self.asked = 0
        self._most_questions = most_questions
        self._failures = 0

    def ask(self, resource: str, parameters: Parameters = (), *, limit: int | None = SAMPLE_ROWS) -> Answer:
        """Ask for a page.

        Raises:
            SourceError: the server has not answered several questions on end.
            SettingsError: the connection cannot be used.
        """
        size = () if limit is None else (("limit", str(limit)),)
        return self._taken(resource, lambda: self.transport.get(resource, [*parameters, *size]))

    def fetch(self, resource: str, record_id: str) -> Answer:
        """Ask for one object by its id."""
        # The id is part of the address: it stands in no error, for errors are only classed here.
        return self._taken(resource, lambda: self.transport.get(f"{resource}/{record_id}", []), is_page=False)

    def look_up(self, resource: str, body: Json) -> Answer:
        """Ask for objects by a lookup."""
        content = msgspec.json.encode(body)
        return self._taken(resource, lambda: self.transport.post(f"{resource}/lookup", content), is_page=False)

    def _taken(self, resource: str, send: Any, *, is_page: bool = True) -> Answer:  # noqa: ANN401 - a closure
        """Send a question and class what comes."""
        if self.asked >= self._most_questions:
            return Answer("failing")
        self.asked += 1
        try:
            body = send()
            answer = _page(body, self.transport.where(resource)) if is_page else _bare(body)
        except SettingsError:
            raise
        except SourceError as error:
            self._failures += 1
            if self._failures >= _PATIENCE:
                raise
            return Answer("failing", error=error)
        except NarvaroError as error:
            answer = Answer(_outcome(error), error=error)
        self._failures = 0
        return answer


def _outcome(error: NarvaroError) -> Outcome:
    """Class a refusal."""
    if isinstance(error, NotServedError):
        return "not_served"
    if isinstance(error, RequestRefusedError):
        return "refused"
    return "forbidden" if isinstance(error, SourceDeniedError) else "failing"


def _page(body: bytes, where: str) -> Answer:
    """Read a page as plain objects."""
    envelope = open_envelope(body, where)
    data = msgspec.json.decode(envelope.data)
    token = None if envelope.page_token in (None, "") else str(envelope.page_token)
    return Answer("answered", _objects(data), data, token)


def _bare(body: bytes) -> Answer:
    """Read an answer that is no page: an object, or an array of them; what cannot be read has not been served."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answer("failing", error=SourceShapeError("The answer is not JSON. Wanted objects of SS 12000."))
    # Some servers wrap a lookup's answer as they do a list's.
    inner = data.get("data") if isinstance(data, dict) and "data" in data else data
    return Answer("answered", _objects(inner if isinstance(inner, list) else [inner]), data)


def _objects(data: Any) -> list[Json]:  # noqa: ANN401 - JSON of somebody else
    """Give the objects of an array."""
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
