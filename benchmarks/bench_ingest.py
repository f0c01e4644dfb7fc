"""Attendance rows a second from the wire to landed Parquet, against throwing them away and against dlt.

The same pages from the same local server in the same run, first thrown away, then read as
the nightly connector reads them: decoded, checked, minimised, pseudonymised, landed with
checkpoints and a manifest; at last the first of them through dlt's REST source to Parquet,
where dlt is installed. Prints one JSON object as its last line.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pyarrow as pa

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.landing import NightLanding, verify_load
from narvaro.privacy import Pseudonymiser, load_or_create_key
from narvaro.sources import Given, Mark, Reading, connect

UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
NIGHT = date(2026, 9, 19)
SCHOOL_YEAR = (date(2026, 7, 1), date(2027, 6, 30))
READINGS = {"/attendances": Reading("cursor")}
PAGE_ROWS = 1_000


class _Token(msgspec.Struct):
    """The one field that a walk cannot do without."""

    pageToken: str | None = None  # noqa: N815 - the wire's name


def discard(base_url: str) -> float:
    """Download every page and throw it away; gives the seconds."""
    started = time.perf_counter()
    parameters = {"limit": str(PAGE_ROWS)}
    with httpx.Client(timeout=60) as client:
        while True:
            body = client.get(f"{base_url}/attendances", params=parameters).content
            token = msgspec.json.decode(body, type=_Token).pageToken
            if token is None:
                return time.perf_counter() - started
            parameters["pageToken"] = token


def ingest(base_url: str, home: Path, kind: type[Pseudonymiser] = Pseudonymiser) -> tuple[float, int]:
    """Read and land every page; gives the seconds and the rows landed."""
    key = load_or_create_key(home / "pseudonym.key")
    source = Source(name="bench", owner="2120000142", base_url=base_url, page_size=PAGE_ROWS)
    connection = Connection("narvaro_bench", host=base_url, password="bench")  # noqa: S106 - the server asks for none
    started = time.perf_counter()
    with (
        connect(source, connection, kind(key, source.name), ZoneInfo("Europe/Stockholm")) as connector,
        NightLanding(home / "landing", source.name, NIGHT, UNTIL, {}) as landing,
    ):
        for step in connector.read(READINGS, UNTIL, SCHOOL_YEAR):
            if isinstance(step, Given):
                landing.write(step.entity, step.batch)
            elif isinstance(step, Mark):
                landing.mark(step.resource, step.entities, step.token, step.page)
        manifests = landing.seal(connector.server_date)
    seconds = time.perf_counter() - started
    (manifest,) = (manifest for manifest in manifests if manifest.entity == "attendances")
    verify_load(home / "landing", manifest)
    return seconds, manifest.rows


def peer(base_url: str, rows: int) -> dict[str, Any] | None:
    """Give what dlt takes for the first rows, measured in its own process; None where it is not installed."""
    if importlib.util.find_spec("dlt") is None:
        return None
    program = str(Path(__file__).with_name("dlt_peer.py"))
    size = ["--pages", str(rows // PAGE_ROWS), "--page-rows", str(PAGE_ROWS)]
    command = [sys.executable, program, "--base-url", base_url, *size]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own program
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@contextmanager
def running_server(rows: int) -> Iterator[str]:
    """Run the server of prepared pages in its own process; gives its base address."""
    program = Path(__file__).with_name("page_server.py")
    command = [sys.executable, str(program), "--rows", str(rows), "--page-rows", str(PAGE_ROWS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def measured(base_url: str, rows: int, rounds: int) -> tuple[float, float, float]:
    """Give the median round's share of the limit, its rows a second and its seconds of the processor."""
    found = []
    for number in range(rounds):
        thrown_away = discard(base_url)
        with tempfile.TemporaryDirectory(prefix="narvaro-bench-") as home:
            before = time.process_time()
            seconds, landed = ingest(base_url, Path(home))
            processor = time.process_time() - before
        assert landed == rows, "rows were lost"
        found.append((thrown_away / seconds, rows / seconds, processor))
        rates = f"thrown away {rows / thrown_away:,.0f} rows/s, landed {rows / seconds:,.0f} rows/s"
        print(f"round {number + 1}: {rates}")
    return sorted(found)[len(found) // 2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=5, help="the median round is told")
    parser.add_argument("--dlt-rows", type=int, default=100_000, help="rows given to dlt; 0 for none")
    arguments = parser.parse_args()
    # Arrow imports pandas at the first list it is given: once a process, not once a night.
    pa.array([0])
    with running_server(arguments.rows) as base_url:
        ratio, rate, processor = measured(base_url, arguments.rows, arguments.rounds)
        dlt = peer(base_url, min(arguments.dlt_rows, arguments.rows)) if arguments.dlt_rows else None
    if dlt is None and arguments.dlt_rows:
        print("dlt is not installed: `make bench-ingest` adds it.")
    result = {
        "name": "ingest",
        "rows": arguments.rows,
        "rows_per_s": round(rate),
        "ratio_to_limit": round(ratio, 3),
        # What a busy machine changes least.
        "processor_us_a_row": round(processor / arguments.rows * 1e6, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "dlt": dlt,
        "ratio_to_dlt": round(rate / dlt["rows_per_s"], 1) if dlt else None,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "cpu": platform.machine()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
