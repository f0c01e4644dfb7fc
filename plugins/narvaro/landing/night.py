"""One source's night, landed whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from narvaro.errors import LandingError
from narvaro.landing.checkpoint import Checkpoints
from narvaro.landing.disk import STAGING, disk_errors, flush_to_disk, make_private_dir, source_lock
from narvaro.landing.manifest import MANIFEST_NAME, Manifest, load_dir
from narvaro.landing.staging import Staging
from narvaro.landing.sweep import remove_unknown_loads, stale_stagings


class NightLanding(Staging):
    """Takes the batches of one source and night; holds the source's lock while open.

    Leaving the block without `seal` leaves nothing that counts: at most finished parts and a
    checkpoint, from which the next run of the same night goes on. After `seal` the loads stand in
    their places, and the ledger's transaction makes them exist: record them before
    leaving the block, for the next holder of the lock sweeps what the ledger does not know.
    """

    def __init__(  # noqa: PLR0913 - what names a night, and what it rests on
        self,
        landing_dir: Path,
        source: str,
        night: date,
        until: datetime,
        cursors: Mapping[str, datetime | None],
        *,
        rests_on: Mapping[str, Any] | None = None,
        checkpoints: Checkpoints | None = None,
        key_id: str = "",
    ) -> None:
        super().__init__(
            landing_dir / STAGING / f"{source}-{night.isoformat()}",
            source,
            f"{night:%Y%m%d}-{source}",
            {**(rests_on or {}), "night": night.isoformat(), "until": until.isoformat()},
            checkpoints,
        )
        self._landing_dir = landing_dir
        self._night = night
        self._until = until
        self._cursors = cursors
        self._key_id = key_id
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Take the lock, clear what killed runs of this source left, and go on from this night's checkpoint.

        Raises:
            BusyError: another process lands this source.
            LandingError: the folder cannot be written.
        """
        with ExitStack() as closing:
            closing.enter_context(source_lock(self._landing_dir, self._source))
            with disk_errors(self._folder):
                for stale in stale_stagings(self._landing_dir, self._source):
                    if stale != self._folder:
                        shutil.rmtree(stale)
                self._open()
            closing.push(self._leave)
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.__exit__(kind, error, trace)

    def sweep(self, known_load_ids: Collection[str]) -> list[str]:
        """Remove loads of this source that the ledger does not know; ask it after entering the block."""
        with disk_errors(self._landing_dir):
            return remove_unknown_loads(self._landing_dir, self._source, known_load_ids)

    def seal(self, server_date: datetime | None, expected: Mapping[str, int] | None = None) -> list[Manifest]:
        """Finish every load and put it in its place; gives their manifests.

        Args:
            server_date: the source's own clock when the read began; the next read begins no later.
            expected: rows that the source said would come, by entity, where it says so.

        Raises:
            LandingError: the disk is full, or another load stands in the place.
        """
        began_at = min(filter(None, (self._server_date, server_date)), default=None)
        manifests = [self._finish(entity, began_at, expected or {}) for entity in self._loads]
        with disk_errors(self._landing_dir):
            places = [self._put_in_place(manifest) for manifest in manifests]
            # A rename lasts once the folder that holds the name is on the disk.
            for folder in {
                self._landing_dir,
                *(place.parent for place in places),
                *(place.parent.parent for place in places),
            }:
                flush_to_disk(folder)
        self._loads.clear()
        return manifests

    def _finish(self, entity: str, server_date: datetime | None, expected: Mapping[str, int]) -> Manifest:
        """Close an entity's last part and write its manifest beside it."""
        load = self._loads[entity]
        files = load.finish()
        rows = sum(file.rows for file in files)
        manifest = Manifest(
            load_id=load.load_id,
            source=self._source,
            entity=entity,
            night=self._night,
            rows=rows,
            bytes=sum(file.bytes for file in files),
            until=self._until,
            cursor_from=self._cursors.get(entity),
            cursor_to=min(self._until, server_date) if server_date else self._until,
            server_date=server_date,
            schema_fingerprint=load.fingerprint,
            received=rows + load.repeated,
            expected=expected.get(entity),
            files=files,
            key_id=self._key_id,
        )
        path = load_dir(self._folder, entity, self._source, load.load_id) / MANIFEST_NAME
        manifest.write(path)
        with disk_errors(path):
            flush_to_disk(path.parent)
        return manifest

    def _put_in_place(self, manifest: Manifest) -> Path:
        """Rename a finished load to its place, and give the place."""
        place = load_dir(self._landing_dir, manifest.entity, self._source, manifest.load_id)
        if place.exists():
            message = f"{place}: another load stands here. Run the night again."
            raise LandingError(message)
        make_private_dir(place.parent)
        load_dir(self._folder, manifest.entity, self._source, manifest.load_id).rename(place)
        return place

    def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what is not finished."""
        del kind, trace
        self._close(error)
