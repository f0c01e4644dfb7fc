"""What the DAGs that are made in a loop are called."""

from __future__ import annotations


def landing_dag_id(source: str) -> str:
    """Name a source's DAG: `land_0180_stockholm` for `0180-stockholm`."""
    return "land_" + source.replace("-", "_")
