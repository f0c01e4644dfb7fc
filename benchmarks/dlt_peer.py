"""The same pages through dlt's REST source to Parquet, in a process of its own; prints one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq


def load(base_url: str, home: Path, pages: int, page_rows: int) -> tuple[float, int]:
    """Read and land the first pages as dlt does by default; gives the seconds and the rows landed."""
    # dlt reads its settings, and decides whether to tell its makers of this run, at its import.
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(home / "data")}
    import dlt
    from dlt.destinations import filesystem
    from dlt.sources.rest_api import rest_api_source

    endpoint = {
        "path": "attendances",
        "params": {"limit": page_rows},
        "data_selector": "data",
        "paginator": {"type": "cursor", "cursor_path": "pageToken", "cursor_param": "pageToken"},
    }
    source = rest_api_source(
        {"client": {"base_url": base_url}, "resources": [{"name": "attendances", "endpoint": endpoint}]}
    )
    source.attendances.add_limit(pages)
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(home / "pipelines"),
        destination=filesystem(bucket_url=(home / "landing").as_uri()),
        dataset_name="bench",
    )
    started = time.perf_counter()
    pipeline.run(source, loader_file_format="parquet")
    seconds = time.perf_counter() - started
    files = (home / "landing" / "bench" / "attendances").glob("*.parquet")
    return seconds, sum(pq.read_metadata(file).num_rows for file in files)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--pages", type=int, required=True)
    parser.add_argument("--page-rows", type=int, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="narvaro-bench-dlt-") as home:
        os.chdir(home)
        seconds, rows = load(arguments.base_url, Path(home), arguments.pages, arguments.page_rows)
    assert rows == arguments.pages * arguments.page_rows, "rows were lost"
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({"rows": rows, "rows_per_s": round(rows / seconds), "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
