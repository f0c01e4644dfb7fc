"""Where in a walk a later run may go on, as a text that only we read."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

_kinds = msgspec.json.Decoder(tuple[str, int, str])


@dataclass(frozen=True, slots=True)
class Place:
    """The token after a page, that page's number, and how the walk has asked: its limit and what it resends."""

    token: str = field(repr=False)
    page: int
    limit: int
    mode: str

    @property
    def text(self) -> str:
        """Give everything but the page's number as a text."""
        return msgspec.json.encode((self.token, self.limit, self.mode)).decode()

    @classmethod
    def from_text(cls, text: str, page: int) -> Place:
        """Read a place; what cannot be read is a token that every server refuses."""
        try:
            token, limit, mode = _kinds.decode(text)
        except msgspec.DecodeError:
            return cls("", page, 1, "")
        return cls(token, page, limit, mode)
