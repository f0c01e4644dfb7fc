"""What pseudonyms cost the ingest: the same pages landed with them and, on invented rows, without.

Turn by turn against the same local server. Told are the seconds of the processor, which a busy
machine changes little, and the quickest turns by the clock. Prints one JSON object as its last line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from bench_ingest import ingest, running_server

from narvaro.privacy import Pseudonymiser

LIMIT_PCT = 15


class _Plain(Pseudonymiser):
    """Gives ids as they came: for the clock only, and for rows that nobody lives in."""

    def person_id(self, uuid: str) -> str:
        return uuid

    def person_ids(self, uuids: list[str]) -> pa.StringArray:
        return pa.array(uuids, pa.string())


def measure(base_url: str, kind: type[Pseudonymiser]) -> tuple[float, float]:
    """Give the seconds of one landing, of the processor and by the clock."""
    with tempfile.TemporaryDirectory(prefix="narvaro-bench-") as home:
        before = time.process_time()
        seconds, _ = ingest(base_url, Path(home), kind)
        return time.process_time() - before, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    pa.array([0])
    keyed, plain = [], []
    with running_server(arguments.rows) as base_url:
        for _ in range(arguments.rounds):
            keyed.append(measure(base_url, Pseudonymiser))
            plain.append(measure(base_url, _Plain))
    keyed_cpu, plain_cpu = (statistics.median(cpu for cpu, _ in turns) for turns in (keyed, plain))
    keyed_clock, plain_clock = (min(seconds for _, seconds in turns) for turns in (keyed, plain))
    result = {
        "name": "pseudonyms",
        "rows": arguments.rows,
        "processor_s": [round(keyed_cpu, 2), round(plain_cpu, 2)],
        "clock_s": [round(keyed_clock, 2), round(plain_clock, 2)],
        "cost_pct": round(100 * (keyed_cpu / plain_cpu - 1), 1),
        "cost_by_clock_pct": round(100 * (keyed_clock / plain_clock - 1), 1),
        "limit_pct": LIMIT_PCT,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
