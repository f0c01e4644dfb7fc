"""One entity's rows on their way to a load: finished parts, and the one that grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from narvaro.at_rest import open_parquet
from narvaro.errors import LandingError
from narvaro.landing.checkpoint import Part, StagedEntity
from narvaro.landing.disk import disk_errors, flush_to_disk, make_private_dir
from narvaro.landing.manifest import LandedFile, schema_fingerprint, sha256
from narvaro.landing.parquet import ParquetFile, landed_schema

_PART_NAME = "part-{:04d}.parquet"


class StagedLoad:
    """Takes the batches of one entity; a part that is closed is on the disk and can be gone on from."""

    def __init__(self, folder: Path, source: str, staged: StagedEntity) -> None:
        self._folder = folder
        self._source = source
        self._schema: pa.Schema | None = None
        self._parts = list(staged.parts)
        self._growing: ParquetFile | None = None
        self.load_id = staged.load_id
        self.fingerprint = staged.fingerprint
        self.repeated = staged.repeated
        with disk_errors(folder):
            make_private_dir(folder)

    @property
    def staged(self) -> StagedEntity:
        """What is finished."""
        return StagedEntity(self.load_id, self.fingerprint, tuple(self._parts), self.repeated)

    @property
    def files(self) -> list[Path]:
        """The finished parts' files."""
        return [self._folder / part.file.name for part in self._parts]

    @property
    def growing_rows(self) -> int:
        """Rows that are not yet in a finished part."""
        return self._growing.taken_rows if self._growing else 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch.

        Raises:
            LandingError: it has other columns than the first one, or the disk is full.
        """
        if self._schema is None or not batch.schema.equals(self._schema):
            fingerprint = schema_fingerprint(landed_schema(batch.schema))
            if self.fingerprint not in ("", fingerprint):
                message = (
                    f"{self._folder.parent.parent.name}: a batch has other columns than the first. Amend its connector."
                )
                raise LandingError(message)
            self._schema, self.fingerprint = batch.schema, fingerprint
        if batch.num_rows:
            self._growing = self._growing or self._new_file(batch.schema)
            self._growing.write(batch)

    def close_part(self, resource: str) -> None:
        """Finish the growing part, if there is one, as rows of a resource.

        Raises:
            LandingError: the disk is full.
        """
        if self._growing is None:
            return
        first_row = self._next_row
        self._parts.append(Part(self._growing.close(), resource, first_row))
        self._growing = None
        with disk_errors(self._folder):
            flush_to_disk(self._folder)

    def forget(self, resource: str) -> list[Path]:
        """Let go of a resource's rows; gives the files that may be removed once nobody counts on them."""
        self.abandon()
        gone = [part for part in self._parts if part.resource == resource]
        self._parts = [part for part in self._parts if part.resource != resource]
        # What was repeated is told of a whole entity; another resource's share is too small to keep apart.
        self.repeated = 0
        return [self._folder / part.file.name for part in gone]

    def finish(self) -> tuple[LandedFile, ...]:
        """Finish the load; one without rows has a part without rows."""
        if self._growing is None and not self._parts and self._schema is not None:
            self._growing = self._new_file(self._schema)
        self.close_part("")
        return tuple(part.file for part in self._parts)

    def abandon(self) -> None:
        """Let go of the growing part and remove its file."""
        if self._growing is not None:
            self._growing.abandon()
            self._growing.path.unlink(missing_ok=True)
            self._growing = None

    def rows_of(self, resource: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give some columns of a resource's finished rows."""
        for part in self._parts:
            if part.resource == resource:
                with open_parquet(self._folder / part.file.name) as file:
                    yield from (batch.select(columns) for batch in file.iter_batches(columns=list(columns)))

    @property
    def _next_row(self) -> int:
        """The number of the next part's first row."""
        return max((part.first_row + part.file.rows for part in self._parts), default=0)

    def _new_file(self, schema: pa.Schema) -> ParquetFile:
        """Open the next part."""
        numbers = [int(part.file.name.removeprefix("part-").removesuffix(".parquet")) for part in self._parts]
        path = self._folder / _PART_NAME.format(max(numbers, default=-1) + 1)
        return ParquetFile(path, schema, source=self._source, load_id=self.load_id, first_row=self._next_row)


def is_whole(folder: Path, staged: StagedEntity) -> bool:
    """Tell whether every finished part lies in its folder as it was written."""
    try:
        return all(
            (folder / part.file.name).stat().st_size == part.file.bytes
            and sha256(folder / part.file.name) == part.file.sha256
            for part in staged.parts
        )
    except OSError:
        return False
