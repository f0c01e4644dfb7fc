"""Sealed files as a file system that DuckDB, and dbt through it, can read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
from fsspec import AbstractFileSystem

from narvaro.at_rest.container import SealedReader
from narvaro.at_rest.parquet import PROTOCOL
from narvaro.at_rest.stores import reader_of


class SealedFiles(AbstractFileSystem):  # type: ignore[misc] # fsspec ships no types
    """Opens sealed files for reading; nothing is listed and nothing is written."""

    protocol = PROTOCOL
    cachable = False

    def _open(self, path: str, mode: str = "rb", **_: Any) -> SealedReader:  # noqa: ANN401 - fsspec's own
        if mode != "rb":
            raise NotImplementedError(mode)
        return reader_of(_path(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - fsspec's own
        """Give the size of what was sealed."""
        with reader_of(_path(path)) as reader:
            return {"name": path, "size": reader.size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """Give when a file was written."""
        return datetime.fromtimestamp(_path(path).stat().st_mtime, UTC)


def make_known() -> None:
    """Let dbt open sealed files by the name of their file system."""
    fsspec.register_implementation(PROTOCOL, SealedFiles, clobber=True)


def _path(name: str) -> Path:
    """Give the file that is meant."""
    return Path(name.removeprefix(f"{PROTOCOL}://"))
