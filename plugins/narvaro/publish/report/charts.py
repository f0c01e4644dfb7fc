"""The page's charts as SVG text: drawn here, so that the page needs no program and no network."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert

from narvaro.publish.report.outlines import flat_geometry, middle_latitude, places_for_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from narvaro.publish.report.figures import Area
    from narvaro.publish.report.words import Words

INK = "#1d2a35"
FAINT_INK = "#5a6872"
RULE = "#d9dfe3"
ABSENCE = "#0b5a7d"
INVALID = "#b3480b"
COVERAGE = "#9db4c0"
NOTHING = "#e6e6e3"
STALE = "#b3480b"
# Five steps of one hue: readable in grey print and by the colour-blind.
STEPS = ("#dcebf2", "#a9cfe0", "#6ba9c6", "#2f7ea5", "#0b4a69")
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
_ANNOUNCED = re.compile(r' aria-roledescription="[^"]*"')

WIDE, NARROW = 720, 340
MAP_SIZE = (420, 470)
_EVEN_STEPS = (0.5, 1, 2, 5, 10, 20)
_LINES = (
    '<pattern id="nothing" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="5" height="5" fill="{NOTHING}"/><path d="M0 0V5" stroke="#9aa3a8" stroke-width="1.5"/></pattern>'
    '<pattern id="stale" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    f'<path d="M0 0V7" stroke="{STALE}" stroke-width="2"/></pattern>'
)


def draw_weeks(weeks: Sequence[Area], words: Words, *, width: int) -> str:
    """Draw absence by week over its coverage."""
    rows = [_week_row(week, words) for week in weeks]
    step = max(1, math.ceil(len(rows) * 30 / width))
    axis = alt.Axis(
        title=words.text("week"),
        labelAngle=0,
        values=[row["week"] for row in rows[::step]],
        labelExpr="parseInt(slice(datum.label, -2))",
        domainColor=FAINT_INK,
        ticks=False,
        labelPadding=6,
    )
    # Where a value has room beside its point the reader need not look for the table.
    has_room = len(rows) * 42 <= width
    inner = width - 60
    upper = alt.layer(*_lines(_weekly(rows, axis=None), has_room=has_room)).properties(width=inner, height=190)
    lower = alt.layer(*_coverage(_weekly(rows, axis=axis), has_room=has_room)).properties(width=inner, height=64)
    return _svg(alt.vconcat(upper, lower, spacing=18))


def _week_row(week: Area, words: Words) -> dict[str, Any]:
    """Give what the chart draws and says of a week."""
    return {
        "week": week.code,
        "absence": week.absence.value,
        "invalid": week.invalid.value,
        "coverage": week.coverage.value,
        "absence_text": words.value(week.absence),
        "invalid_text": words.value(week.invalid),
        "coverage_text": words.pct(week.coverage, decimals=0),
        "described": words.text(
            "week_description",
            week=words.week(week.code),
            absence=words.pct(week.absence),
            invalid=words.pct(week.invalid),
            coverage=words.pct(week.coverage),
        ),
    }


def _weekly(rows: Sequence[Mapping[str, Any]], *, axis: alt.Axis | None) -> alt.Chart:
    """Give the weeks side by side."""
    x = alt.X("week:O", axis=axis, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2))
    return alt.Chart(alt.Data(values=list(rows))).encode(x=x)


def _coverage(base: alt.Chart, *, has_room: bool) -> Iterator[alt.Chart]:
    """Give the bars of coverage and, where there is room, their values."""
    y = alt.Y("coverage:Q", scale=alt.Scale(domain=[0, 100]), axis=_axis([0, 100], has_grid=False))
    yield base.mark_bar(color=COVERAGE).encode(y=y, description="described:N")
    if has_room:
        text = base.mark_text(dy=-7, fontSize=11, color=FAINT_INK, aria=False)
        yield text.encode(y="coverage:Q", text="coverage_text:N")


def _lines(base: alt.Chart, *, has_room: bool) -> Iterator[alt.Chart]:
    """Give the two lines with their points and, where there is room, their values."""
    for name, colour, size in (("absence", ABSENCE, 2.5), ("invalid", INVALID, 1.75)):
        y = alt.Y(f"{name}:Q", scale=alt.Scale(zero=True, nice=True), axis=_axis(None))
        line = base.mark_line(color=colour, strokeWidth=size, aria=False).encode(y=y)
        yield line
        yield base.mark_point(color=colour, fill=colour, size=36, opacity=1).encode(y=y, description="described:N")
        if has_room:
            text = base.mark_text(dy=-12, fontSize=12, fontWeight=600, color=colour, aria=False)
            yield text.encode(y=y, text=f"{name}_text:N")


def _axis(values: Sequence[float] | None, *, has_grid: bool = True) -> alt.Axis:
    """Give a quiet axis with faint lines."""
    chosen: dict[str, Any] = {"values": list(values)} if values else {"tickCount": 5}
    return alt.Axis(
        title=None, domain=False, ticks=False, grid=has_grid, gridColor=RULE, labelPadding=8, minExtent=28, **chosen
    )


def draw_map(
    municipalities: Sequence[Area], outlines: Mapping[str, Any], words: Words, *, edges: Sequence[float]
) -> str:
    """Draw the municipalities, coloured by absence and named where there is room."""
    known = {area.code: area for area in municipalities}
    latitude = middle_latitude(outlines)
    found = [
        (area, flat_geometry(feature["geometry"], latitude))
        for feature in outlines["features"]
        if (area := known.get(str(feature["properties"].get("kommun_kod")))) is not None
    ]
    shapes = [
        {
            "type": "Feature",
            "geometry": geometry,
            "properties": {"colour": colour_of(area, edges), "described": describe(area, words)},
        }
        for area, geometry in found
    ]
    areas = alt.Chart(alt.Data(values=shapes)).mark_geoshape(strokeWidth=1, stroke="#ffffff")
    colour = alt.Color("properties.colour:N", scale=None)
    layers = [areas.encode(color=colour, description="properties.described:N"), *_stale_on_map(found)]
    layers += _names_on_map(found, edges)
    width, height = MAP_SIZE
    flat = [layer.project(type="identity", reflectY=True) for layer in layers]
    svg = _svg(alt.layer(*flat).properties(width=width, height=height))
    # Lines, not only a colour, say that a value is not there or not whole: they are seen in grey print too.
    for colour_text, name in ((NOTHING, "nothing"), (STALE, "stale")):
        svg = svg.replace(f'fill="{colour_text}"', f'fill="url(#{name})"')
    return svg.replace(">", f"><defs>{_LINES}</defs>", 1)


def _stale_on_map(found: Sequence[tuple[Area, Mapping[str, Any]]]) -> list[alt.Chart]:
    """Give a layer over the areas whose value rests on only some of their sources, none when all are fresh."""
    shapes = [
        {"type": "Feature", "geometry": geometry, "properties": {}}
        for area, geometry in found
        if area.is_stale and area.absence.value is not None
    ]
    return [alt.Chart(alt.Data(values=shapes)).mark_geoshape(color=STALE, aria=False)] if shapes else []


def _names_on_map(found: Sequence[tuple[Area, Mapping[str, Any]]], edges: Sequence[float]) -> list[alt.Chart]:
    """Give the names that fit inside their outlines as a layer, no layer when none does."""
    places = places_for_names([(area.name, geometry) for area, geometry in found], MAP_SIZE)
    rows = [
        {"name": area.name, "x": x, "y": y, "ink": "#ffffff" if colour_of(area, edges) in STEPS[3:] else INK}
        for (area, _), (x, y) in zip(found, places, strict=True)
        if not math.isnan(x)
    ]
    if not rows:
        return []
    names = alt.Chart(alt.Data(values=rows)).mark_text(fontSize=13, aria=False)
    ink = alt.Color("ink:N", scale=None)
    return [names.encode(longitude="x:Q", latitude="y:Q", text="name:N", color=ink)]


def draw_bars(municipalities: Sequence[Area], words: Words, *, edges: Sequence[float]) -> str:
    """Draw the municipalities' absence as bars, the highest on top: for a county without a map."""
    ordered = sorted(municipalities, key=lambda area: -(area.absence.value or -1))
    rows = [
        {
            "name": area.name,
            "absence": area.absence.value or 0,
            "text": words.value(area.absence),
            "colour": colour_of(area, edges),
            "described": describe(area, words),
        }
        for area in ordered
    ]
    axis = alt.Axis(title=None, domain=False, ticks=False, labelPadding=8, labelLimit=150, labelColor=INK)
    y = alt.Y("name:N", sort=[row["name"] for row in rows], axis=axis, scale=alt.Scale(paddingInner=0.3))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y, x=alt.X("absence:Q", axis=None, scale=alt.Scale(zero=True)))
    bars = base.mark_bar().encode(color=alt.Color("colour:N", scale=None), description="described:N")
    texts = base.mark_text(align="left", dx=6, fontSize=12, color=INK, aria=False).encode(text="text:N")
    return _svg(alt.layer(bars, texts).properties(width=260, height=max(60, 24 * len(rows))))


def class_edges(values: Sequence[float]) -> tuple[float, ...]:
    """Give the edges between the map's five classes: even numbers around the middle, open at both ends.

    The outermost tenths do not choose the steps: one outlier would paint all others alike.
    """
    ordered = sorted(values)
    if not ordered or math.isclose(ordered[0], ordered[-1]):
        return ()
    trimmed = len(ordered) // 10
    low, high = ordered[trimmed], ordered[-1 - trimmed]
    inner = len(STEPS) - 2
    step = next((step for step in _EVEN_STEPS if (high - low) / step <= inner + 0.5), _EVEN_STEPS[-1])
    first = round(((low + high) / 2 - inner * step / 2) / step) * step
    edges = (first + step * number for number in range(inner + 1))
    return tuple(edge for edge in edges if ordered[0] < edge <= ordered[-1])


def colour_of(area: Area, edges: Sequence[float]) -> str:
    """Give the colour of a municipality's class; grey where there is no value."""
    value = area.absence.value
    return NOTHING if value is None else STEPS[sum(value >= edge for edge in edges)]


def describe(area: Area, words: Words) -> str:
    """Say in a sentence what the chart shows of a municipality."""
    return words.text(
        "area_description_stale" if area.is_stale else "area_description",
        name=area.name,
        absence=words.pct(area.absence),
        coverage=words.pct(area.coverage),
    )


def _svg(chart: alt.TopLevelMixin) -> str:
    """Render a chart; its size follows the page, its marks keep their descriptions."""
    spec = (
        chart.configure(font=FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12, labelColor=FAINT_INK, titleFontSize=12, titleColor=FAINT_INK, titleFontWeight="normal"
        )
    )
    svg: str = vl_convert.vegalite_to_svg(spec.to_dict())
    return _ANNOUNCED.sub("", svg)
