"""Put the report page together: figures, words and charts in one self-contained HTML file."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from narvaro.publish.report import charts
from narvaro.publish.report.figures import BANDS, Area, Figures, figures_from_tables
from narvaro.publish.report.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from narvaro.county import County

_FOLDER = Path(__file__).parent
_SIZE = re.compile(r'(<svg [^>]*?) width="\d+(?:\.\d+)?" height="\d+(?:\.\d+)?"')


def render_page(
    *, tables: Mapping[str, pa.Table], county: County, night: date, release_id: str, code_version: str
) -> str:
    """Give the report page of a release; it shows the protected tables and asks the network for nothing."""
    figures = figures_from_tables(tables)
    outlines = _outlines(county)
    common = {
        "figures": figures,
        "bands": BANDS,
        "edges": charts.class_edges([a.absence.value for a in figures.municipalities if a.absence.value is not None]),
        "lined": {charts.NOTHING: "nothing", charts.STALE: "stale"},
        "thresholds": county.publication.thresholds,
        # The night's bound lies in the small hours: the last whole day is the one before.
        "last_day": night - timedelta(days=1),
        "release_id": release_id,
        "code_version": code_version,
        "table_names": sorted([*tables, "releases"]),
        "attribution": outlines.get("attribution") if outlines else None,
    }
    return _template().render(
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup((_FOLDER / "page.js").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        sides=[_side(Words(language), county, figures, outlines, common) for language in county.languages],
    )


def _template() -> Template:
    """Give the page's template; a name that nobody fills in is an error, not a gap."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _side(
    words: Words, county: County, figures: Figures, outlines: Mapping[str, Any] | None, common: Mapping[str, Any]
) -> dict[str, Any]:
    """Give one language's values for the template."""
    areas, edges = figures.municipalities, common["edges"]
    drawn = {
        "weeks_wide": charts.draw_weeks(figures.weeks, words, width=charts.WIDE) if figures.weeks else "",
        "weeks_narrow": charts.draw_weeks(figures.weeks, words, width=charts.NARROW) if figures.weeks else "",
        "areas": _draw_areas(areas, outlines, words, edges),
    }
    return {
        **common,
        "words": words,
        "t": words.text,
        "county_name": county.name(words.language),
        "has_map": outlines is not None,
        "legend": _legend(edges, areas, words, has_map=outlines is not None),
        **{name: _embedded(svg, f"{words.language}-{name}") for name, svg in drawn.items()},
    }


def _draw_areas(areas: Sequence[Area], outlines: Mapping[str, Any] | None, words: Words, edges: Sequence[float]) -> str:
    """Draw the municipalities as a map, or as bars where the county has no outlines."""
    if not areas:
        return ""
    if outlines is None:
        return charts.draw_bars(areas, words, edges=edges)
    return charts.draw_map(areas, outlines, words, edges=edges)


def _legend(edges: Sequence[float], areas: Sequence[Area], words: Words, *, has_map: bool) -> list[tuple[str, str]]:
    """Give the colours of the map's classes and what they mean."""
    if not any(area.absence.value is not None for area in areas):
        return [(charts.NOTHING, words.text("map_nothing"))]
    decimals = 0 if all(edge == int(edge) for edge in edges) else 1
    marks = [words.number(edge, decimals=decimals) for edge in edges]
    if marks:
        between = [f"{low}\N{EN DASH}{high}" for low, high in pairwise(marks)]
        names = [f"< {marks[0]}", *between, f"\N{GREATER-THAN OR EQUAL TO} {marks[-1]}"]
    else:
        names = [next(words.value(area.absence) for area in areas if area.absence.value is not None)]
    legend = list(zip(charts.STEPS, names, strict=False))
    if any(area.absence.value is None for area in areas):
        legend.append((charts.NOTHING, words.text("map_nothing")))
    if has_map and any(area.is_stale and area.absence.value is not None for area in areas):
        legend.append((charts.STALE, words.text("map_stale")))
    return legend


def _outlines(county: County) -> Mapping[str, Any] | None:
    """Read the municipalities' outlines where the county has them."""
    if county.geojson_path is None:
        return None
    outlines: Mapping[str, Any] = json.loads(county.geojson_path.read_text(encoding="utf-8"))
    return outlines


def _embedded(svg: str, name: str) -> Markup:
    """Make a chart fit the page: as wide as its place, its inner names its own."""
    svg = _SIZE.sub(r"\1", svg, count=1)
    svg = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    return Markup(svg)  # noqa: S704 - drawn by us; Vega escapes its texts
