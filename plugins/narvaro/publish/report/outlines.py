"""The shapes of municipalities on paper: flattened, measured, with room for a name or without."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def flat_geometry(geometry: Mapping[str, Any], latitude: float) -> dict[str, Any]:
    """Give a geometry with degrees of longitude as short as they are at this latitude."""
    shrink = math.cos(math.radians(latitude))

    def flat(part: Sequence[Any]) -> list[Any]:
        if part and isinstance(part[0], int | float):
            return [round(part[0] * shrink, 5), part[1]]
        return [flat(inner) for inner in part]

    return {"type": geometry["type"], "coordinates": flat(geometry["coordinates"])}


def places_for_names(
    found: Sequence[tuple[str, Mapping[str, Any]]], size: tuple[int, int]
) -> Iterator[tuple[float, float]]:
    """Give where each municipality's name fits inside its outline; nothing (NaN) where it does not."""
    corners = [corner for _, geometry in found for ring in _outer_rings(geometry) for corner in ring]
    spans = [max(axis) - min(axis) for axis in zip(*corners, strict=True)]
    pixels = min(size[0] / spans[0], size[1] / spans[1])
    for name, geometry in found:
        ring = max(_outer_rings(geometry), key=lambda ring: abs(_size_and_middle(ring)[0]))
        _, x, y = _size_and_middle(ring)
        # A letter of 13 pixels is about 7 wide, and the line of letters as high as it is: it must fit from top to foot.
        room = min(_room_beside(ring, x, y + rise / pixels) for rise in (-6, 0, 6))
        yield (x, y) if 2 * room * pixels > 7 * len(name) else (math.nan, math.nan)


def _room_beside(ring: Sequence[Sequence[float]], x: float, y: float) -> float:
    """Give how far it is from a place to the nearer side of an outline; nothing outside it."""
    crossings = [ax + (y - ay) * (bx - ax) / (by - ay) for (ax, ay), (bx, by) in pairwise(ring) if (ay > y) != (by > y)]
    is_inside = sum(crossing > x for crossing in crossings) % 2 == 1
    return min(abs(crossing - x) for crossing in crossings) if is_inside else 0.0


def _outer_rings(geometry: Mapping[str, Any]) -> list[Any]:
    """Give the outer ring of each part of an outline."""
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [part[0] for part in parts]


def _size_and_middle(ring: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Give a ring's signed size and its centre of gravity."""
    terms = [(ax * by - bx * ay, ax + bx, ay + by) for (ax, ay), (bx, by) in pairwise(ring)]
    size = sum(cross for cross, _, _ in terms) / 2
    if size == 0:
        return 0.0, ring[0][0], ring[0][1]
    return size, *(sum(term[0] * term[axis] for term in terms) / (6 * size) for axis in (1, 2))  # type: ignore[return-value]


def middle_latitude(outlines: Mapping[str, Any]) -> float:
    """Give the latitude in the middle of a county."""

    def latitudes(part: Sequence[Any]) -> Iterator[float]:
        if part and isinstance(part[0], int | float):
            yield part[1]
            return
        for inner in part:
            yield from latitudes(inner)

    found = [latitude for feature in outlines["features"] for latitude in latitudes(feature["geometry"]["coordinates"])]
    return (min(found) + max(found)) / 2
