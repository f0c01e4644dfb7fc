"""What a source knows otherwise than it should: faults that no single request shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from narvaro.simulator.faults import Fault
    from narvaro.simulator.tables import Bool, Int64
    from narvaro.simulator.wire.visit import Visit

_SCATTER, _SPAN = 2_654_435_761, 2**32


@dataclass(frozen=True, slots=True)
class Vanished:
    """A share of a resource that is gone; `moment` is when, None for just now."""

    resource: str
    share: float
    is_told: bool
    moment: int | None


@dataclass(frozen=True, slots=True)
class Readded:
    """Objects of a resource that are told deleted and live."""

    resource: str
    rows: int
    has_changed: bool


@dataclass(frozen=True, slots=True)
class Republished:
    """A share of the lessons that were held before a moment, which got new ids then."""

    share: float
    moment: int


@dataclass(frozen=True, slots=True)
class Late:
    """A share of the attendance rows that is seen only some seconds after it changed."""

    share: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Habits:
    """The lasting faults of one source at one moment."""

    is_modified_at_start: bool = False
    narrowed_share: float = 0.0
    vanished: tuple[Vanished, ...] = ()
    readded: tuple[Readded, ...] = ()
    republished: Republished | None = None
    late: Late | None = None
    told_seconds: int | None = None


def habits_of(visit: Visit, opened_at: int) -> Habits:
    """Give the lasting faults that a request meets; without `active_from` they hold from the beginning."""
    narrowed, republished = visit.fault("narrowed"), visit.fault("republished")
    late, pruned = visit.fault("late_commits"), visit.fault("pruned_deletions")
    return Habits(
        is_modified_at_start=visit.has("modified_is_start"),
        narrowed_share=narrowed.share if narrowed else 0.0,
        vanished=tuple(
            Vanished(fault.resource or "", fault.share, fault.shape == "told", _moment(fault))
            for fault in visit.faults
            if fault.kind == "mass_deletion"
        ),
        readded=tuple(
            Readded(fault.resource or "", fault.rows, fault.shape == "changed")
            for fault in visit.faults
            if fault.kind == "readded"
        ),
        republished=Republished(republished.share, _moment(republished) or opened_at) if republished else None,
        late=Late(late.share, late.seconds) if late else None,
        told_seconds=pruned.seconds if pruned else None,
    )


def _moment(fault: Fault) -> int | None:
    """Give when a fault began."""
    return int(fault.active_from.timestamp()) if fault.active_from else None


def falls_in(numbers: Int64, share: float) -> Bool:
    """Tell which numbered records fall in a share, the same ones every time."""
    place = numbers.astype(np.uint64) * np.uint64(_SCATTER) % np.uint64(_SPAN)
    is_in: Bool = place.astype(np.float64) < share * _SPAN
    return is_in
