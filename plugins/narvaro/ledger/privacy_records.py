"""What the ledger remembers of readings and of removals: frozen records, times aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One reading of restricted data: who, why, what was asked, how many rows came.

    `grain` is the finest that the statement can have met: pupil, unit or aggregated.
    """

    accessed_at: datetime
    actor: str
    purpose: str
    statement: str
    rows: int
    grain: str = ""


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """The access log as a whole: its length, the first row that does not hold, and the hashes of its rows."""

    accesses: int
    head: str
    broken_at: int | None = None
    hashes: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class RemovalRun:
    """One removal on purpose; `kind` is retention or erasure, `status` begun, done, or lifted of an erasure.

    `terms` are the first days that are kept, by class. `sealed` names an erased pupil, encrypted.
    """

    run_id: str
    kind: str
    requested_by: str
    reason: str
    terms: Mapping[str, str] = field(default_factory=dict)
    sealed: tuple[str, ...] = field(default=(), repr=False)
    status: str = "begun"
    begun_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RemovalRecord:
    """What one step of a removal took away: how many rows of what, and the files that went for it."""

    run_id: str
    class_name: str
    rows: int
    source: str = ""
    entity: str = ""
    load_id: str = ""
    files: tuple[str, ...] = ()
    removed_at: datetime | None = None
