"""A verdict: what a suite thought of a load or a mart, in counts and record ids, never values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# A letter shows the first of them; its attachment has them all.
MAX_RECORD_IDS = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule that was not met.

    `record_ids` are the first few of the source's own ids, none where a row is a pupil.
    `keys` are the mart rows concerned, as the suite's key columns name them.
    """

    rule: str
    severity: str
    level: str
    count: int
    column: str = ""
    record_ids: tuple[str, ...] = ()
    note_sv: str = ""
    note_en: str = ""
    owner: str = "vendor"
    keys: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """One row that failed one rule; a held row stays out of the warehouse."""

    row: int
    rule: str
    record_id: str | None
    is_held: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One suite's verdict on one load or mart; `status` is passed, quarantined or refused."""

    suite: str
    status: str
    rows: int
    load_id: str = ""
    source: str = ""
    entity: str = ""
    failures: tuple[Failure, ...] = ()
    faulty_rows: tuple[FaultyRow, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nobody downstream may read the data."""
        return self.status == "refused"

    @property
    def quarantined_rows(self) -> int:
        """How many rows are held."""
        return len({faulty.row for faulty in self.faulty_rows if faulty.is_held})

    def summary(self) -> dict[str, Any]:
        """Give the verdict without its rows, for the ledger and for logs."""
        failures = tuple({k: v for k, v in asdict(failure).items() if k != "keys"} for failure in self.failures)
        return {
            "suite": self.suite,
            "status": self.status,
            "rows": self.rows,
            "load_id": self.load_id,
            "source": self.source,
            "entity": self.entity,
            "quarantined_rows": self.quarantined_rows,
            "failures": failures,
        }

    def explain(self) -> str:
        """Give the verdict as a sentence: which rules, how many rows."""
        faults = [f"{failure.rule} ({failure.severity}, {failure.count})" for failure in self.failures]
        return f"{self.suite}: {self.status}, {self.rows} rows; " + (", ".join(faults) or "every demand met")
