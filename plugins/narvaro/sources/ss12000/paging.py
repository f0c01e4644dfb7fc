"""A walk through the pages of one resource: whole, or an error; never a silent end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.ahead import run_ahead
from narvaro.sources.ss12000.decode import page_token
from narvaro.sources.ss12000.refusals import NotServedError, RequestRefusedError
from narvaro.sources.ss12000.transport import Parameters, Transport

ResendFilters = Literal["never", "required_only", "always"]
RESEND_FILTERS: tuple[ResendFilters, ...] = ("required_only", "never", "always")

MOST_PAGES = 200_000
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
    """One page, still undecoded; `is_restarted` when earlier pages may come again."""

    number: int
    body: bytes
    is_restarted: bool


class _TokenGoneError(Exception):
    """A page token was refused: expired, or of another day."""


@dataclass(slots=True)
class Walker:
    """Walks resources page by page, fetching ahead while earlier pages are used."""

    transport: Transport
    page_size: int
    resend_filters: ResendFilters = "required_only"
    most_pages: int = MOST_PAGES
    # What each resource's server was found to want.
    _found: dict[str, ResendFilters] = field(default_factory=dict)

    def walk(self, question: Question) -> Iterator[Page]:
        """Give every page; a token that is refused begins the walk anew, once.

        Raises:
            SourceShapeError: tokens repeat, pages never end, or tokens are refused again and again.
        """
        return run_ahead(self._walk(question), lambda page: len(page.body))

    def _walk(self, question: Question) -> Iterator[Page]:
        """Give every page, from one beginning or two."""
        for restart in range(_RESTARTS + 1):
            try:
                yield from self._pages(question, is_restarted=restart > 0)
            except _TokenGoneError:
                continue
            return
        message = (
            f"{self.transport.where(question.resource)}: page tokens were refused {_RESTARTS + 1} times. "
            "Wanted tokens that last a whole walk; ask the owner, or set resend_filters or page_size of the source."
        )
        raise SourceShapeError(message)

    def _pages(self, question: Question, *, is_restarted: bool) -> Iterator[Page]:
        """Give the pages of one walk from its beginning."""
        where = self.transport.where(question.resource)
        tokens: set[int] = set()
        body, token = self._first(question)
        for number in range(1, self.most_pages + 1):
            yield Page(number, body, is_restarted)
            if token is None:
                return
            if hash(token) in tokens:
                message = f"{where}: the token of page {number} came before. Wanted a new one or none; ask the owner."
                raise SourceShapeError(message)
            tokens.add(hash(token))
            body, token = self._next(question, token, is_first_token=number == 1)
        message = f"{where}: no end after {self.most_pages} pages. Raise page_size or ask the owner to mend paging."
        raise SourceShapeError(message)

    def _first(self, question: Question) -> tuple[bytes, str | None]:
        """Fetch the first page."""
        return self._fetch(question, [*question.required, *question.filters])

    def _next(self, question: Question, token: str, *, is_first_token: bool) -> tuple[bytes, str | None]:
        """Fetch a page by its token, finding out once what the server wants beside it."""
        mode = self._found.get(question.resource, self.resend_filters)
        modes = [mode]
        if is_first_token and question.resource not in self._found:
            modes += [other for other in RESEND_FILTERS if other != mode]
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
        """Fetch one page and take out its token."""
        body = self.transport.get(question.resource, [*parameters, ("limit", str(self.page_size))])
        return body, page_token(body, self.transport.where(question.resource))
