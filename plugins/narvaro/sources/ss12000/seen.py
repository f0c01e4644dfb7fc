"""Which rows of a walk have come before: a few bytes a row, however long the walk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Fingerprints = npt.NDArray[np.int64]

# Beyond this many rows the oldest are forgotten; a row that comes again after that is landed
# twice, and its newest version counts as always.
CAPACITY = 4_000_000
_RECENT = 65_536
_SIEVE_SIZE = 2**24


class SeenRows:
    """Remembers fingerprints of rows: a sieve says "surely new" of most, sorted runs decide on the rest."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._sieve = np.zeros(_SIEVE_SIZE, np.bool_)
        self._recent: list[Fingerprints] = []
        self._sorted: Fingerprints = np.empty(0, np.int64)

    def are_new(self, fingerprints: Fingerprints) -> npt.NDArray[np.bool_]:
        """Tell of each whether it comes for the first time; remember them all."""
        are_new = np.ones(len(fingerprints), np.bool_)
        run = np.sort(fingerprints)
        if (run[1:] == run[:-1]).any():
            _, first = np.unique(fingerprints, return_index=True)
            are_new[np.setdiff1d(np.arange(len(fingerprints)), first)] = False
        places = fingerprints & (_SIEVE_SIZE - 1)
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
        for run in (self._sorted, *self._recent):
            if len(run):
                places = np.searchsorted(run, wanted)
                places[places == len(run)] = 0
                have_come |= run[places] == wanted
        return have_come

    def _settle(self) -> None:
        """Merge the newest into the sorted ones, or begin anew with them when there are too many."""
        newest = np.sort(np.concatenate(self._recent))
        self._recent.clear()
        if len(self._sorted) + len(newest) <= self._capacity:
            # A stable sort merges two sorted runs in one pass.
            self._sorted = np.sort(np.concatenate([self._sorted, newest]), kind="stable")
            return
        self._sorted = newest
        self._sieve[:] = False
        self._sieve[newest & (_SIEVE_SIZE - 1)] = True
