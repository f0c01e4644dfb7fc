"""The process that writes the published DuckDB file: it sees the protected tables and nothing else."""

from __future__ import annotations

import pickle
import sys

import duckdb


def main() -> int:
    """Write the file that standard input describes; on failure print the kind of error, never data."""
    path, storage_version, tables, statements = pickle.load(sys.stdin.buffer)  # noqa: S301 - our parent wrote it
    try:
        # One thread and an in-memory front: the file's bytes depend on the tables alone.
        with duckdb.connect(config={"threads": 1}) as connection:
            quoted = path.replace("'", "''")
            connection.execute(f"attach '{quoted}' as published (storage_version '{storage_version}')")
            for name, data in tables:
                connection.register(name, data)
            connection.execute("begin")
            for statement in statements:
                connection.execute(statement)
            connection.execute("commit")
            connection.execute("checkpoint published")
            connection.execute("detach published")
    except duckdb.Error as error:
        sys.stdout.write(type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
