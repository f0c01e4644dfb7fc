"""One request as a source sees it: what is asked, when, and which of its faults show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from narvaro.simulator.fault_kinds import BUILT, LASTING, WRITING
from narvaro.simulator.faults import Fault

TOKEN = "token"  # noqa: S105 - the path of the token's door


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to one source at one simulated moment."""

    source: str
    place: int
    name: str
    clock: int
    faults: tuple[Fault, ...] = ()

    @property
    def resource(self) -> str:
        """The resource, whether its list, a lookup or one object is asked for."""
        return self.name.partition("/")[0]

    def fault(self, kind: str) -> Fault | None:
        """Give the fault of a kind, if it shows."""
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def has(self, kind: str) -> bool:
        """Tell whether a kind of fault shows."""
        return self.fault(kind) is not None


class Schedule:
    """Decides which faults each request meets; every fault counts the requests that could show it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self._counts: Counter[int] = Counter()

    def meet(self, source: str, name: str, clock: int) -> tuple[Fault, ...]:
        """Give the faults that a request shows, and count it."""
        now = datetime.fromtimestamp(clock, UTC)
        met = []
        for number, fault in enumerate(self.faults):
            if fault.kind in BUILT or not fault.is_of(source) or not fault.is_active(now):
                continue
            if not concerns(fault, name):
                continue
            self._counts[number] += 1
            turn = self._counts[number] - fault.from_request
            if turn >= 0 and (fault.times is None or turn < fault.times):
                met.append(fault)
        return tuple(met)


def concerns(fault: Fault, name: str) -> bool:
    """Tell whether a fault is about a request; rows are distorted wherever they are sent."""
    if fault.kind in LASTING or fault.kind == "silent":
        return True
    if fault.resource is None:
        return name != TOKEN
    if fault.kind not in WRITING:
        return fault.resource == name
    root = name.partition("/")[0]
    return fault.resource == root or (root == "calendarEvents" and fault.resource == "attendances")
