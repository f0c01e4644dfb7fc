"""What the ledger remembers: frozen records, times aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One source's one night; `status` is landed, accepted, held, refused, silent or failed.

    `reads` is what it read whole or by window, as (entity, kind).
    """

    source: str
    night: date
    status: str
    reason: str = ""
    landed_at: datetime | None = None
    settled_at: datetime | None = None
    reads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LoadFile:
    """One file of a load."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """One entity of one source's night; `status` is landed, accepted, held, refused or superseded."""

    load_id: str
    source: str
    entity: str
    night: date
    rows: int
    bytes: int
    cursor_from: datetime | None
    cursor_to: datetime
    schema_fingerprint: str
    server_date: datetime | None = None
    received: int | None = None
    expected: int | None = None
    files: tuple[LoadFile, ...] = ()
    status: str = "landed"
    landed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """One rule that data did not meet: counts and record ids, never values."""

    rule: str
    severity: str
    level: str
    count: int
    column: str = ""
    record_ids: tuple[str, ...] = ()
    note_sv: str = ""
    note_en: str = ""
    owner: str = "vendor"


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One suite's verdict; `load_id`, `source` and `entity` are empty for a mart.

    `status` is passed, quarantined or refused.
    """

    suite: str
    status: str
    rows: int
    load_id: str = ""
    source: str = ""
    entity: str = ""
    night: date | None = None
    quarantined_rows: int = 0
    failures: tuple[FailureRecord, ...] = ()
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source stands; `status` is that of its last attempt, never before the first."""

    source: str
    status: str
    last_good_night: date | None
    last_attempt_night: date | None
    is_stale: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CapabilityRecord:
    """What a source was found able to do; the fingerprint changes when something that matters does."""

    source: str
    probed_at: datetime
    fingerprint: str
    capabilities: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """When an entity was last read in a way (`kind`) that is not done every night, and why it is due again."""

    source: str
    entity: str
    kind: str
    last_night: date | None = None
    due_reason: str = ""

    @property
    def is_due(self) -> bool:
        """Whether it must be read so again, however lately it was."""
        return bool(self.due_reason)


@dataclass(frozen=True, slots=True)
class BrakeRecord:
    """A night whose deletions wait for a person; `units` gives rows and doomed rows per school unit and entity.

    `status` is pending, approved, rejected, or lapsed when a later night took its place.
    """

    source: str
    night: date
    told: int
    inferred: int
    units: tuple[Mapping[str, Any], ...] = ()
    status: str = "pending"
    pulled_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """One letter of the outbox; `key` makes it exist once.

    `status` is pending, sent, bounced or given_up, `channel` email or notice;
    `role` is the part of the recipient that it is for, empty for all of them.
    """

    key: str
    night: date
    recipient: str
    language: str
    subject: str
    message: str
    status: str = "pending"
    attempts: int = 0
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    channel: str = "email"
    role: str = ""
    next_attempt_at: datetime | None = None
    failed_reason: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseTable:
    """One published table of a release."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One publication; `status` is preliminary or official."""

    release_id: str
    night: date
    made_at: datetime
    status: str
    code_version: str
    load_ids: tuple[str, ...] = ()
    tables: tuple[ReleaseTable, ...] = ()
    audit: Mapping[str, Any] = field(default_factory=dict)
