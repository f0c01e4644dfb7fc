"""What an issue must tell to be written about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class GivenAnswer(Protocol):
    """What an answer to an issue must tell; who gave it, and why, stays in the ledger."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def answered_at(self) -> datetime: ...  # noqa: D102
    @property
    def until(self) -> date | None: ...  # noqa: D102


class ReportedIssue(Protocol):
    """One issue on one night; `event` is what the night did to it."""

    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def school_unit_code(self) -> str | None: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def owner(self) -> str: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def nights_seen(self) -> int: ...  # noqa: D102
    @property
    def record_ids(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def note_sv(self) -> str: ...  # noqa: D102
    @property
    def note_en(self) -> str: ...  # noqa: D102
    @property
    def opened_night(self) -> date: ...  # noqa: D102
    @property
    def details(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def event(self) -> str: ...  # noqa: D102
    @property
    def answer(self) -> GivenAnswer | None: ...  # noqa: D102
    @property
    def escalated_night(self) -> date | None: ...  # noqa: D102
    @property
    def flapping(self) -> bool: ...  # noqa: D102

    def standing(self, today: date) -> str:
        """Give how it stands on a day: open, acknowledged, verified or resolved."""

    def is_silent(self, today: date) -> bool:
        """Tell whether nobody is to be told of it on a day."""
