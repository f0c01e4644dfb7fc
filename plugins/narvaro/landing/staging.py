"""A night's rows before they are in their places: what each entity has so far, and the checkpoint that counts on it."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from narvaro.landing.checkpoint import CHECKPOINT_NAME, Checkpoint, Checkpoints, FileCheckpoints, StagedEntity
from narvaro.landing.disk import disk_errors, make_private_dir
from narvaro.landing.manifest import load_dir
from narvaro.landing.resuming import may_go_on, remove_unfinished, saved_checkpoint
from narvaro.landing.staged import StagedLoad

# What a mark must have behind it before it is kept: a kill loses at most so much of a long walk.
ENOUGH_ROWS = 250_000
ENOUGH_SECONDS = 300.0


class Staging:
    """Takes one source's batches and marks in a folder of its own; the caller holds the source's lock."""

    def __init__(
        self, folder: Path, source: str, load_prefix: str, rests_on: Mapping[str, Any], checkpoints: Checkpoints | None
    ) -> None:
        self._folder = folder
        self._loads: dict[str, StagedLoad] = {}
        self._server_date: datetime | None = None
        self._source = source
        self._load_prefix = load_prefix
        self._rests_on = dict(rests_on)
        # The file lies beside the parts that it counts; whoever is given another place has it there as well.
        file = FileCheckpoints(folder / CHECKPOINT_NAME)
        self._checkpoints: tuple[Checkpoints, ...] = (checkpoints, file) if checkpoints else (file,)
        self._complete: set[str] = set()
        self._walk: tuple[str, str, int] | None = None
        self._marked_at = time.monotonic()
        self._is_kept = False

    def _open(self) -> None:
        """Go on from the checkpoint, or make the folder anew."""
        saved = self._saved_checkpoint()
        if saved is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            make_private_dir(self._folder)
            return
        remove_unfinished(self._folder, self._source, saved)
        self._complete, self._walk, self._server_date = set(saved.complete), saved.walk, saved.server_date
        for entity, staged in saved.entities.items():
            self._open_load(entity, staged)
        self._save(tries=saved.tries)

    def _close(self, error: BaseException | None) -> None:
        """Let go of what is not finished, and of all of it when no later run may go on from it."""
        for load in self._loads.values():
            load.abandon()
        if self._is_kept and may_go_on(error):
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        for checkpoints in self._checkpoints:
            checkpoints.clear()

    @property
    def source(self) -> str:
        """Whose night it is."""
        return self._source

    @property
    def resumption(self) -> dict[str, Any] | None:
        """Where the reading may go on, as plain values; None where it begins."""
        if not self._complete and self._walk is None:
            return None
        resource, token, page = self._walk or (None, None, 0)
        return {"complete": sorted(self._complete), "resource": resource, "token": token, "page": page}

    def staged_rows(self, resource: str, entity: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give some columns of the rows that a resource has already landed of an entity."""
        if entity in self._loads:
            yield from self._loads[entity].rows_of(resource, columns)

    def staged_files(self) -> dict[str, list[Path]]:
        """Give the finished files of every entity; a resource's are finished once it has been marked complete."""
        return {entity: load.files for entity, load in self._loads.items()}

    def write(self, entity: str, batch: pa.RecordBatch, *, repeated: int = 0) -> None:
        """Take a batch of an entity; one without rows gives the entity an empty load.

        `repeated` rows came with it that had come before: they count as received.

        Raises:
            LandingError: the columns change between batches, or the disk is full.
        """
        if entity not in self._loads:
            self._open_load(entity, StagedEntity(f"{self._load_prefix}-{entity}-{secrets.token_hex(3)}"))
        self._loads[entity].write(batch)
        self._loads[entity].repeated += repeated

    def note_server_date(self, server_date: datetime | None) -> None:
        """Note the source's own clock when the read began; an earlier run's word stands."""
        self._server_date = self._server_date or server_date

    def mark(self, resource: str, entities: Sequence[str], token: str | None, page: int) -> None:
        """Note that all rows of a resource up to a page have been written; without a token, all there are.

        Once enough has come the rows are put on the disk and the checkpoint is saved.

        Args:
            resource: what is being read.
            entities: what is made of it.
            token: the place of the next page.
            page: the number of the last page.

        Raises:
            LandingError: the disk is full.
        """
        loads = [self._loads[entity] for entity in entities if entity in self._loads]
        is_enough = sum(load.growing_rows for load in loads) >= ENOUGH_ROWS
        if token is not None and not is_enough and time.monotonic() - self._marked_at < ENOUGH_SECONDS:
            return
        for load in loads:
            load.close_part(resource)
        if token is None:
            self._complete.add(resource)
        self._walk = (resource, token, page) if token is not None else None
        self._save(tries=0)

    def begin_anew(self, resource: str, entities: Sequence[str]) -> None:
        """Let go of what a resource has given, for it is read from its beginning again.

        Raises:
            LandingError: the folder cannot be written.
        """
        gone = [path for entity in entities if entity in self._loads for path in self._loads[entity].forget(resource)]
        self._complete.discard(resource)
        self._walk = None
        if gone:
            self._save(tries=0)
        with disk_errors(self._folder):
            for path in gone:
                path.unlink()

    def _saved_checkpoint(self) -> Checkpoint | None:
        """Give the checkpoint to go on from, wherever it is kept; None when the night begins anew."""
        for checkpoints in self._checkpoints:
            saved = saved_checkpoint(checkpoints, self._folder, self._source, self._rests_on)
            if saved is not None:
                return saved
        return None

    def _open_load(self, entity: str, staged: StagedEntity) -> None:
        """Begin or go on with an entity's load."""
        folder = load_dir(self._folder, entity, self._source, staged.load_id)
        self._loads[entity] = StagedLoad(folder, self._source, staged)

    def _save(self, *, tries: int) -> None:
        """Save how far the landing has come; its parts are on the disk by now."""
        checkpoint = Checkpoint(
            rests_on=self._rests_on,
            complete=tuple(sorted(self._complete)),
            walk=self._walk,
            server_date=self._server_date,
            entities={entity: load.staged for entity, load in self._loads.items()},
            tries=tries,
        )
        for checkpoints in self._checkpoints:
            checkpoints.save(checkpoint.to_dict())
        self._marked_at, self._is_kept = time.monotonic(), True
