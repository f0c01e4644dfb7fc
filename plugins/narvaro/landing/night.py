"""One source's night, landed whole or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from narvaro.errors import LandingError
from narvaro.landing.disk import STAGING, create_private_file, disk_errors, flush_to_disk, make_private_dir, source_lock
from narvaro.landing.manifest import MANIFEST_NAME, Manifest, load_dir, schema_fingerprint
from narvaro.landing.parquet import ParquetFile
from narvaro.landing.sweep import remove_unknown_loads, stale_stagings

_PART_NAME = "part-0000.parquet"


class NightLanding:
    """Takes the batches of one source and night; holds the source's lock while open.

    Leaving the block without `seal` leaves nothing behind. After `seal` the loads stand in
    their places, and the ledger's transaction makes them exist: record them before
    leaving the block, for the next holder of the lock sweeps what the ledger does not know.
    """

    def __init__(
        self,
        landing_dir: Path,
        source: str,
        night: date,
        until: datetime,
        cursors: Mapping[str, datetime | None],
    ) -> None:
        self._landing_dir = landing_dir
        self._source = source
        self._night = night
        self._until = until
        self._cursors = cursors
        self._staging = landing_dir / STAGING / f"{source}-{night.isoformat()}"
        self._files: dict[str, tuple[str, ParquetFile]] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Take the lock and clear what a killed run of this source left.

        Raises:
            BusyError: another process lands this source.
            LandingError: the folder cannot be written.
        """
        with ExitStack() as closing:
            closing.enter_context(source_lock(self._landing_dir, self._source))
            with disk_errors(self._staging):
                for stale in stale_stagings(self._landing_dir, self._source):
                    shutil.rmtree(stale)
                make_private_dir(self._staging)
            closing.callback(shutil.rmtree, self._staging, ignore_errors=True)
            closing.callback(self._abandon)
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def sweep(self, known_load_ids: Collection[str]) -> list[str]:
        """Remove loads of this source that the ledger does not know; ask it after entering the block."""
        with disk_errors(self._landing_dir):
            return remove_unknown_loads(self._landing_dir, self._source, known_load_ids)

    def write(self, entity: str, batch: pa.RecordBatch) -> None:
        """Take a batch of an entity; one without rows gives the entity an empty load.

        Raises:
            LandingError: the columns change between batches, or the disk is full.
        """
        if entity not in self._files:
            load_id = f"{self._night:%Y%m%d}-{self._source}-{entity}-{secrets.token_hex(3)}"
            folder = load_dir(self._staging, entity, self._source, load_id)
            with disk_errors(folder):
                make_private_dir(folder)
            file = ParquetFile(folder / _PART_NAME, batch.schema, source=self._source, load_id=load_id)
            self._files[entity] = (load_id, file)
        self._files[entity][1].write(batch)

    def seal(self, server_date: datetime | None, expected: Mapping[str, int] | None = None) -> list[Manifest]:
        """Finish every load and put it in its place; gives their manifests.

        Args:
            server_date: the source's own clock when the read began; the next read begins no later.
            expected: rows that the source said would come, by entity, where it says so.

        Raises:
            LandingError: the disk is full, or another load stands in the place.
        """
        manifests = [self._finish(entity, server_date, expected or {}) for entity in self._files]
        with disk_errors(self._landing_dir):
            places = [self._put_in_place(manifest) for manifest in manifests]
            # A rename lasts once the folder that holds the name is on the disk.
            for folder in {
                self._landing_dir,
                *(place.parent for place in places),
                *(place.parent.parent for place in places),
            }:
                flush_to_disk(folder)
        self._files.clear()
        return manifests

    def _finish(self, entity: str, server_date: datetime | None, expected: Mapping[str, int]) -> Manifest:
        """Close an entity's file and write its manifest beside it."""
        load_id, file = self._files[entity]
        landed = file.close()
        manifest = Manifest(
            load_id=load_id,
            source=self._source,
            entity=entity,
            night=self._night,
            rows=landed.rows,
            bytes=landed.bytes,
            until=self._until,
            cursor_from=self._cursors.get(entity),
            cursor_to=min(self._until, server_date) if server_date else self._until,
            server_date=server_date,
            schema_fingerprint=schema_fingerprint(file.landed_fields),
            received=landed.rows,
            expected=expected.get(entity),
            files=(landed,),
        )
        path = load_dir(self._staging, entity, self._source, load_id) / MANIFEST_NAME
        with disk_errors(path):
            create_private_file(path)
            path.write_text(json.dumps(manifest.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
            flush_to_disk(path)
            flush_to_disk(path.parent)
        return manifest

    def _put_in_place(self, manifest: Manifest) -> Path:
        """Rename a finished load to its place, and give the place."""
        place = load_dir(self._landing_dir, manifest.entity, self._source, manifest.load_id)
        if place.exists():
            message = f"{place}: another load stands here. Run the night again."
            raise LandingError(message)
        make_private_dir(place.parent)
        load_dir(self._staging, manifest.entity, self._source, manifest.load_id).rename(place)
        return place

    def _abandon(self) -> None:
        """Let go of files that were not finished."""
        for _, file in self._files.values():
            file.abandon()
