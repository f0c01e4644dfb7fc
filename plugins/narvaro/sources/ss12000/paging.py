"""A walk through the pages of one resource: whole, or an error; never a silent end."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.ahead import run_ahead
from narvaro.sources.ss12000.decode import page_token
from narvaro.sources.ss12000.place import Place
from narvaro.sources.ss12000.refusals import NotServedError, PageTooLargeError, RequestRefusedError
from narvaro.sources.ss12000.transport import Parameters, Transport

ResendFilters = Literal["never", "required_only", "always"]
RESEND_FILTERS: tuple[ResendFilters, ...] = ("required_only", "never", "always")

MOST_PAGES = 200_000
# A server that filters after it has cut its pages sends some without a row; no server that ends sends so many.
MOST_ALIKE = 500
_RESTARTS = 1
_GONE = 410


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one resource; `required` are the filters that the standard demands."""

    resource: str
    filters: tuple[tuple[str, str], ...] = ()
    required: tuple[tuple[str, str], ...] = ()

    def parameters(self, mode: ResendFilters) -> Parameters:
        """Give what is sent beside a page token."""
        repeated = {"never": (), "required_only": self.required, "always": self.required + self.filters}
        return repeated[mode]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, still undecoded.

    `place` is where the walk goes on after it, None on the last page.
    `is_anew` marks the first page of a walk that began again: the pages before it count no more.
    `is_smaller` marks one that was asked for with a lower limit than the page before.
    """

    number: int
    body: bytes
    place: Place | None = None
    is_anew: bool = False
    is_smaller: bool = False


class TokensRefusedError(SourceShapeError):
    """A server refused its own page tokens again and again."""


class _TokenGoneError(Exception):
    """A page token was refused: expired, or of another day."""


@dataclass(slots=True)
class Walker:
    """Walks resources page by page, fetching ahead while earlier pages are used."""

    transport: Transport
    page_size: int
    resend_filters: ResendFilters = "required_only"
    most_pages: int = MOST_PAGES
    # What the probe found each resource's tokens to want; tried first, and no more than that.
    probed: Mapping[str, ResendFilters] = field(default_factory=dict)
    # What each resource's server was found to want, and how many rows it can bear.
    _found: dict[str, ResendFilters] = field(default_factory=dict)
    _limits: dict[str, int] = field(default_factory=dict)

    def walk(self, question: Question, start: Place | None = None) -> Generator[Page]:
        """Give every page, or those after a place; a token that is refused begins the walk anew, once.

        Raises:
            SourceShapeError: tokens repeat, pages never end, or tokens are refused again and again.
        """
        return run_ahead(self._walk(question, start), lambda page: len(page.body))

    def one_by_one(self, question: Question) -> Iterator[Page]:
        """Give the pages of one walk, none fetched before it is asked for.

        Raises:
            TokensRefusedError: a page token was refused.
        """
        try:
            yield from self._begun(question, is_anew=False)
        except _TokenGoneError:
            message = f"{self.transport.where(question.resource)}: a page token was refused. Wanted one that lasts."
            raise TokensRefusedError(message) from None

    def resends_all(self, question: Question) -> bool:
        """Tell whether every filter is sent beside the tokens of a question."""
        return question.parameters(self._mode(question)) == question.parameters("always")

    def resend_all(self, question: Question) -> None:
        """Send every filter beside the tokens of a resource from now on."""
        self._found[question.resource] = "always"

    def _walk(self, question: Question, start: Place | None) -> Iterator[Page]:
        """Give every page, from one beginning or two."""
        is_anew = False
        if start is not None:
            try:
                yield from self._resumed(question, start)
            except _TokenGoneError:
                is_anew = True
            else:
                return
        for _ in range(_RESTARTS + 1):
            try:
                yield from self._begun(question, is_anew=is_anew)
            except _TokenGoneError:
                is_anew = True
                continue
            return
        message = (
            f"{self.transport.where(question.resource)}: page tokens were refused {_RESTARTS + 1} times. "
            "Wanted tokens that last a whole walk; ask the owner, or set resend_filters or page_size of the source."
        )
        raise TokensRefusedError(message)

    def _begun(self, question: Question, *, is_anew: bool) -> Iterator[Page]:
        """Give the pages of one walk from its beginning."""
        answer = self._fetch(question, [*question.required, *question.filters])
        return self._pages(question, 1, answer, is_anew=is_anew)

    def _resumed(self, question: Question, start: Place) -> Iterator[Page]:
        """Give the pages after a place of an earlier run."""
        mode = next((mode for mode in RESEND_FILTERS if mode == start.mode), None)
        if mode is None or not start.token:
            raise _TokenGoneError
        self._found.setdefault(question.resource, mode)
        # A token may count pages: it is only good with the limit that it was given for.
        self._limits[question.resource] = start.limit
        answer = self._next(question, start.token)
        return self._pages(question, start.page + 1, answer, is_anew=False)

    def _pages(
        self, question: Question, number: int, answer: tuple[bytes, str | None], *, is_anew: bool
    ) -> Iterator[Page]:
        """Give a page and those after it."""
        where = self.transport.where(question.resource)
        tokens: set[int] = set()
        is_smaller = False
        earlier, alike = b"", 0
        while number <= self.most_pages and alike < MOST_ALIKE:
            body, token = answer
            earlier, alike = body, alike + 1 if _is_alike(body, earlier) else 0
            limit = self._limit(question)
            place = Place(token, number, limit, self._mode(question)) if token is not None else None
            yield Page(number, body, place, is_anew, is_smaller)
            if token is None:
                return
            if hash(token) in tokens:
                message = f"{where}: the token of page {number} came before. Wanted a new one or none; ask the owner."
                raise SourceShapeError(message)
            tokens.add(hash(token))
            answer = self._next(question, token)
            number, is_anew, is_smaller = number + 1, False, self._limit(question) < limit
        message = f"{where}: no end after {number - 1} pages. Raise page_size or ask the owner to mend paging."
        raise SourceShapeError(message)

    def _mode(self, question: Question) -> ResendFilters:
        """Give what is sent beside a token, as far as it is known."""
        return self._found.get(question.resource) or self.probed.get(question.resource, self.resend_filters)

    def _limit(self, question: Question) -> int:
        """Give how many rows a page is asked for."""
        return self._limits.get(question.resource, self.page_size)

    def _next(self, question: Question, token: str) -> tuple[bytes, str | None]:
        """Fetch a page by its token, finding out once what the server wants beside it."""
        modes = [self._mode(question)]
        if question.resource not in self._found:
            modes += [other for other in RESEND_FILTERS if other != modes[0]]
        tried: list[Parameters] = []
        for candidate in modes:
            parameters = question.parameters(candidate)
            if parameters in tried:
                continue
            tried.append(parameters)
            try:
                answer = self._fetch(question, [*parameters, ("pageToken", token)])
            except NotServedError:
                break
            except RequestRefusedError as error:
                if error.status == _GONE:
                    break
                continue
            self._found[question.resource] = candidate
            return answer
        raise _TokenGoneError

    def _fetch(self, question: Question, parameters: Parameters) -> tuple[bytes, str | None]:
        """Fetch one page and take out its token; a page that is too much for the server is halved."""
        while True:
            limit = self._limit(question)
            try:
                body = self.transport.get(question.resource, [*parameters, ("limit", str(limit))])
            except PageTooLargeError:
                if limit == 1:
                    raise
                self._limits[question.resource] = limit // 2
                continue
            return body, page_token(body, self.transport.where(question.resource))


def _is_alike(body: bytes, earlier: bytes) -> bool:
    """Tell whether two pages hold the same, whatever their tokens, which stand after the last bracket."""
    end = body.rfind(b"]")
    return end == earlier.rfind(b"]") and body[:end] == earlier[:end]
