"""The pools that keep Airflow's tasks out of each other's way, in the form `airflow pools import` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narvaro.county import County

WAREHOUSE_WRITER = "warehouse_writer"


def source_pool(source: str) -> str:
    """Name the pool of one source: a municipal server meets one of our tasks at a time."""
    return f"source_{source}"


def pools(county: County) -> dict[str, dict[str, object]]:
    """Give every pool of the county: one slot per source, one for whoever writes the warehouse."""
    writer = {WAREHOUSE_WRITER: {"slots": 1, "description": "One writer of the warehouse", "include_deferred": False}}
    return writer | {
        source_pool(name): {"slots": 1, "description": f"One reader of {name}", "include_deferred": False}
        for name in county.sources
    }
