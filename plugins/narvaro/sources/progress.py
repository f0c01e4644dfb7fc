"""What a connector tells while it reads a source: rows, how far it has come, and that it begins anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import pyarrow as pa

# cursor: what changed after a moment. window: the lessons of a span of days, with their registers.
# full: everything, so that what is missing has been deleted.
ReadMode = Literal["cursor", "window", "full"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How one resource is read this night; `after` is the moment of a cursor, None from the beginning."""

    mode: ReadMode
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A batch of canonical rows; `repeated` more came with it that had come before."""

    entity: str
    batch: pa.RecordBatch
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """All rows of a resource up to the page of `token` have been given; without a token, all rows there are."""

    resource: str
    entities: tuple[str, ...]
    token: str | None
    page: int


@dataclass(frozen=True, slots=True)
class Anew:
    """A resource begins anew: what was given of its entities before counts no more."""

    resource: str
    entities: tuple[str, ...]


Step = Given | Mark | Anew


@dataclass(frozen=True, slots=True)
class Wanted:
    """Records of an entity that the lists of a night have not told of, by landed id, and what the night asked for.

    `witnesses` are others that came tonight: a source that does not know them is not worth asking.
    """

    entity: str
    ids: Sequence[str]
    witnesses: Sequence[str]
    until: datetime
    school_year: tuple[date, date]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a source says of records that its lists have not told of.

    `left_out` should have come. `others` are there and did not have to: changed since, of another
    kind or another year. `gone` are not there, or not for us. `not_asked`: it cannot be asked of these.
    """

    left_out: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    not_asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where an interrupted reading may go on: resources that are complete, and the walk that was under way."""

    complete: frozenset[str] = frozenset()
    resource: str | None = None
    token: str | None = field(default=None, repr=False)
    page: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return asdict(self) | {"complete": sorted(self.complete)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Resumption:
        """Read it from plain JSON values."""
        return cls(**{**plain, "complete": frozenset(plain["complete"])})
