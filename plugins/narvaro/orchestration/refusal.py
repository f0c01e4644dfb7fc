"""Erased pupils are refused at the door: their rows never reach the disk again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.privacy import ErasedPupil, without_rows

if TYPE_CHECKING:
    from narvaro.ledger import Ledger
    from narvaro.privacy import Key

_LIFTED = "lifted"


class Refusal:
    """Takes the erased pupils out of what one source tells, and learns by which new records it tells of them."""

    def __init__(self, ledger: Ledger, key: Key, source: str) -> None:
        """Read who is erased; ask while holding the source's lock.

        Raises:
            PrivacyError: the list was sealed by another key.
        """
        self._ledger, self._key, self._source = ledger, key, source
        self._runs: dict[str, str] = {}
        self._people: set[str] = set()
        for run in ledger.removal_runs(kind="erasure"):
            if run.status == _LIFTED:
                continue
            for sealed in run.sealed:
                pupil = ErasedPupil.unseal(key, sealed)
                self._runs[pupil.pupil_id] = run.run_id
                self._people |= {person_id for place, person_id in pupil.people if place == source}

    def kept(self, entity: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give a batch without the erased pupils."""
        if not self._runs:
            return batch
        if entity == "pupils":
            self._learn(batch)
        column = "record_id" if entity == "deletions" else "person_id"
        if column not in batch.schema.names or not self._people:
            return batch
        is_doomed = pc.is_in(batch.column(column), value_set=pa.array(sorted(self._people), pa.string()))
        is_doomed = pc.fill_null(is_doomed, fill_value=False)
        return without_rows(entity, batch, is_doomed) if pc.any(is_doomed).as_py() else batch

    def _learn(self, batch: pa.RecordBatch) -> None:
        """Note the new records of erased pupils, for later rows name them by those alone."""
        erased = pa.array(sorted(self._runs), pa.string())
        found = batch.filter(pc.fill_null(pc.is_in(batch.column("pupil_id"), value_set=erased), fill_value=False))
        for pupil_id, person_id in zip(
            found.column("pupil_id").to_pylist(), found.column("person_id").to_pylist(), strict=True
        ):
            if person_id not in self._people:
                # At once: a run that goes on from a checkpoint does not meet the person again.
                sealed = ErasedPupil(pupil_id, frozenset({(self._source, person_id)})).seal(self._key)
                self._ledger.add_seal(self._runs[pupil_id], sealed)
                self._people.add(person_id)
