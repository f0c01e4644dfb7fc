"""Which rows of a walk have come before: a few bytes a row, however long the walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Fingerprints = npt.NDArray[np.int64]

# Beyond this many rows the oldest are forgotten; a row that comes again after that is landed
# twice, and its newest version counts as always.
CAPACITY = 4_000_000
_RECENT = 32_768
# Merging copies a run, so a run's length bounds what a merge takes of memory for a moment.
_LONGEST_RUN = 1_048_576
_FIRST_SIEVE = 2**20
_LARGEST_SIEVE = 2**24
_SIEVE_PLACES_PER_ROW = 16
_NO_TIME = -(2**62)
_MIXING = np.int64(0x1E3779B97F4A7C15)


def fingerprints(ids: Sequence[str], modified: pa.Array) -> Fingerprints:
    """Give a number for each row's id and time of change; an odd factor keeps all times of one id apart."""
    numbers = np.fromiter(map(hash, ids), np.int64, len(ids))
    times = modified.cast(pa.int64()).fill_null(_NO_TIME).to_numpy(zero_copy_only=False)
    mixed: Fingerprints = numbers + times * _MIXING
    return mixed


def seen_rows(kept: Iterable[pa.RecordBatch]) -> SeenRows:
    """Remember rows that an earlier run has kept: batches of an id and a time of change."""
    seen = SeenRows()
    for batch in kept:
        seen.are_new(fingerprints(batch.column(0).to_pylist(), batch.column(1)))
    return seen


class SeenRows:
    """Remembers fingerprints of rows: a sieve says "surely new" of most, sorted runs decide on the rest."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.clear()

    def clear(self) -> None:
        """Forget them all."""
        # Small at first: most walks are short, and fresh memory costs more than the look into it.
        self._sieve = np.zeros(_FIRST_SIEVE, np.bool_)
        self._recent: list[Fingerprints] = []
        self._runs: list[Fingerprints] = []

    def are_new(self, fingerprints: Fingerprints) -> npt.NDArray[np.bool_]:
        """Tell of each whether it comes for the first time; remember them all."""
        are_new = np.ones(len(fingerprints), np.bool_)
        run = np.sort(fingerprints)
        if (run[1:] == run[:-1]).any():
            _, first = np.unique(fingerprints, return_index=True)
            are_new[np.setdiff1d(np.arange(len(fingerprints)), first)] = False
        places = fingerprints & (len(self._sieve) - 1)
        doubtful = np.flatnonzero(self._sieve[places])
        if len(doubtful):
            are_new[doubtful[self._have_come(fingerprints[doubtful])]] = False
        self._sieve[places] = True
        self._recent.append(run)
        if sum(map(len, self._recent)) >= _RECENT:
            self._settle()
        return are_new

    def _have_come(self, wanted: Fingerprints) -> npt.NDArray[np.bool_]:
        """Tell which are among the remembered ones."""
        have_come = np.zeros(len(wanted), np.bool_)
        for run in (*self._runs, *self._recent):
            if len(run):
                places = np.searchsorted(run, wanted)
                places[places == len(run)] = 0
                have_come |= run[places] == wanted
        return have_come

    def _settle(self) -> None:
        """Merge the newest into the last run or begin a new one; forget the oldest run when there are too many."""
        newest = np.concatenate(self._recent)
        newest.sort()
        self._recent.clear()
        if self._runs and len(self._runs[-1]) + len(newest) <= min(_LONGEST_RUN, self._capacity):
            newest = np.concatenate([self._runs.pop(), newest])
            # A stable sort merges two sorted runs in one pass, and in place it needs no third copy.
            newest.sort(kind="stable")
        self._runs.append(newest)
        has_forgotten = False
        while len(self._runs) > 1 and sum(map(len, self._runs)) > self._capacity:
            del self._runs[0]
            has_forgotten = True
        wanted = _sieve_size(sum(map(len, self._runs)))
        if has_forgotten or wanted > len(self._sieve):
            self._sieve = np.zeros(wanted, np.bool_)
            for run in self._runs:
                self._sieve[run & (wanted - 1)] = True


def _sieve_size(rows: int) -> int:
    """Give a power of two that leaves room for twice the rows, within bounds."""
    wanted = 1 << (2 * rows * _SIEVE_PLACES_PER_ROW - 1).bit_length() if rows else _FIRST_SIEVE
    return max(_FIRST_SIEVE, min(_LARGEST_SIEVE, wanted))
