"""What a client asked for, checked as the standard says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from narvaro.simulator.calendar import day_number, seconds

META_FILTERS = ("meta.created.before", "meta.created.after", "meta.modified.before", "meta.modified.after")
_LARGEST_PAGE = 20_000
EVERYWHERE = ("limit", "pageToken", "sortkey", "expandReferenceNames")


class WireError(Exception):
    """An answer that is not a page: status, the vendor's code and words, or a body of its own."""

    def __init__(  # noqa: PLR0913 - what an answer may hold
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        media_type: str = "application/json",
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.body, self.media_type = dict(headers or {}), body, media_type


def bad_request(message: str) -> WireError:
    """Give the answer to a request that the standard does not allow."""
    return WireError(400, "bad_request", message)


def asked_limit(text: str | None) -> int | None:
    """Give the asked size of a page, None when none is asked for."""
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise bad_request("limit is not a whole number of at least 1.")
    return min(int(text), _LARGEST_PAGE)


@dataclass(frozen=True)
class Query:
    """The filters of one walk through a resource; they travel in the page token."""

    filters: tuple[tuple[str, str], ...] = field(default=())
    # Where the offsets of moments are ignored, the zone that they are read in.
    reads_as: tzinfo | None = None
    knows_all: bool = False

    def all(self, name: str) -> list[str]:
        """Give every value of a filter."""
        return [value for key, value in self.filters if key == name]

    def one(self, name: str) -> str | None:
        """Give the value of a filter that may stand once."""
        values = self.all(name)
        if len(values) > 1:
            raise bad_request(f"{name} stands more than once.")
        return values[0] if values else None

    def moment(self, name: str) -> int | None:
        """Give a date-time filter as seconds since 1970."""
        if (text := self.one(name)) is None:
            return None
        refusal = bad_request(f"{name} is not a date-time with an offset. Encode the plus sign as %2B.")
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise refusal from None
        if value.tzinfo is None or "T" not in text:
            raise refusal
        if self.reads_as is not None:
            value = value.replace(tzinfo=self.reads_as)
        # Whole seconds are kept here; a fraction lies after its second.
        return seconds(value)

    def day(self, name: str) -> int | None:
        """Give a date filter as days since 1970."""
        if (text := self.one(name)) is None:
            return None
        try:
            return day_number(date.fromisoformat(text))
        except ValueError:
            raise bad_request(f"{name} is not a date.") from None

    def check(self, known: tuple[str, ...]) -> None:
        """Refuse a parameter that the resource does not have."""
        if self.knows_all:
            return
        for name, _ in self.filters:
            if name not in known and name not in EVERYWHERE:
                raise bad_request(f"There is no parameter {name} here.")
