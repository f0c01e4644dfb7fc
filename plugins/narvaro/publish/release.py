"""Make a release of protected tables: the store, the CSV files and the report page, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from narvaro.publish.door import refuse_unlisted
from narvaro.publish.forms import csv_from_table, write_duckdb
from narvaro.publish.postgres import replace_in_postgres
from narvaro.publish.report import render_page
from narvaro.publish.shelf import MANIFEST, building_dir, file_hashes, held_shelf, is_current, shelve, withdraw_earlier
from narvaro.publish.tables import TableLike, release_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from narvaro.county import County

STATUS = "preliminary"
_ID_LENGTH = 12
# Stands in the page while its release's id is being counted.
_ID_TO_COME = "release-id-to-come"


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """One table of a release: its rows and the hash of its CSV file."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """One publication; `changed` is false when the readers already had it, `withdrawn` what no longer stands."""

    release_id: str
    night: date
    changed: bool
    tables: tuple[ReleasedTable, ...]
    withdrawn: tuple[str, ...] = ()


def publish_release(  # noqa: PLR0913 - a release is all of these
    *,
    tables: Sequence[TableLike],
    county: County,
    night: date,
    loads_fingerprint: str,
    published_dir: Path,
    code_version: str,
    published_url: str | None = None,
    withdraw: bool = False,
) -> Release:
    """Publish the protected tables of a night; readers see the old release or the new, never a mix.

    With `withdraw` the release before this one does not stay for its readers: it shows a pupil at a school
    who may no longer be shown there.

    Raises:
        PublishError: a table may not leave, or a form could not be written; the last release stands.
        BusyError: another publication is at work.
    """
    refuse_unlisted(tables)
    facts = {
        "night": night.isoformat(),
        "county_code": county.code,
        "county_name": county.name("sv"),
        "status": STATUS,
        "loads_fingerprint": loads_fingerprint,
        "code_version": code_version,
    }
    with held_shelf(published_dir):
        facts, all_tables, files = _content(facts, tables, _draft_page(tables, county, night, code_version))
        changed = _put(published_dir, facts, files, all_tables)
        withdrawn = withdraw_earlier(published_dir) if withdraw else []
    release_id = facts["release_id"]
    if published_url:
        changed = replace_in_postgres(published_url, all_tables, release_id=release_id) or changed
    return Release(release_id, night, changed, _released(all_tables, files), tuple(withdrawn))


def _draft_page(tables: Sequence[TableLike], county: County, night: date, code_version: str) -> str:
    """Give the report page while the release still has no id."""
    return render_page(
        tables={table.name: table.data for table in tables},
        county=county,
        night=night,
        release_id=_ID_TO_COME,
        code_version=code_version,
    )


def _content(
    facts: Mapping[str, str], tables: Sequence[TableLike], page: str
) -> tuple[dict[str, str], list[TableLike], dict[str, bytes]]:
    """Give the release its id, and with it its facts, tables and files."""
    files = {f"csv/{table.name}.csv": csv_from_table(table.data) for table in tables}
    release_id = _release_id(facts, tables, {**files, "index.html": page.encode()})
    complete = {"release_id": release_id, **facts}
    about = release_table({**complete, "night": date.fromisoformat(facts["night"])})
    files["csv/releases.csv"] = csv_from_table(about.data)
    files["index.html"] = page.replace(_ID_TO_COME, release_id).encode()
    return complete, [*tables, about], files


def _put(
    published_dir: Path, facts: Mapping[str, str], files: Mapping[str, bytes], tables: Sequence[TableLike]
) -> bool:
    """Build the release's files beside the shelf and swap them in; tell whether anything had to change."""
    if is_current(published_dir, facts["release_id"]):
        return False
    building = building_dir(published_dir)
    for name, payload in files.items():
        (building / name).write_bytes(payload)
    write_duckdb(building / "narvaro.duckdb", tables)
    manifest = {
        **facts,
        "tables": [asdict(table) for table in _released(tables, files)],
        "files": file_hashes(building),
    }
    (building / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    shelve(published_dir, facts["release_id"], building)
    return True


def _released(tables: Sequence[TableLike], files: Mapping[str, bytes]) -> tuple[ReleasedTable, ...]:
    """Say of every table how many rows it has and what its CSV file hashes to."""
    return tuple(
        ReleasedTable(table.name, table.data.num_rows, _sha256(files[f"csv/{table.name}.csv"])) for table in tables
    )


def _release_id(facts: Mapping[str, str], tables: Sequence[TableLike], files: Mapping[str, bytes]) -> str:
    """Count the id on everything that a reader can meet, so that the same content has the same id."""
    content = {
        "facts": dict(facts),
        "meanings": {
            table.name: [table.sv, table.en, *((c.name, c.type, c.sv, c.en) for c in table.columns)] for table in tables
        },
        "files": {name: _sha256(payload) for name, payload in files.items()},
    }
    digest = _sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())
    return f"{facts['night']}-{digest[:_ID_LENGTH]}"


def _sha256(payload: bytes) -> str:
    """Give the payload's SHA-256."""
    return hashlib.sha256(payload).hexdigest()
