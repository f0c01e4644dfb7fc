"""The page's charts as SVG text: drawn here, so that the page needs no program and no network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from narvaro.publish.report.figures import Area
from narvaro.publish.report.words import Words

INK = "#1d2a35"
FAINT_INK = "#5a6872"
RULE = "#d9dfe3"
ABSENCE = "#0b5a7d"
INVALID = "#b3480b"
COVERAGE = "#9db4c0"
NOTHING = "#e6e6e3"
# Five steps of one hue: readable in grey print and by the colour-blind.
STEPS = ("#dcebf2", "#a9cfe0", "#6ba9c6", "#2f7ea5", "#0b4a69")
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
_ANNOUNCED = re.compile(r' aria-roledescription="[^"]*"')

WIDE, NARROW = 720, 340


def draw_weeks(weeks: Sequence[Area], words: Words, *, width: int) -> str:
    """Draw absence by week over its coverage."""
    rows = [
        {
            "week": week.code,
            "label": words.week(week.code),
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
        for week in weeks
    ]
    upper_base = _weekly(rows, axis=None)
    step = max(1, math.ceil(len(rows) * 30 / width))
    lower_base = _weekly(
        rows,
        axis=alt.Axis(
            title=words.text("week"),
            labelAngle=0,
            values=[row["week"] for row in rows[::step]],
            labelExpr="parseInt(slice(datum.label, -2))",
            domainColor=FAINT_INK,
            ticks=False,
            labelPadding=6,
        ),
    )
    # Where a value has room beside its point the reader need not look for the table.
    has_room = len(rows) * 42 <= width
    upper = alt.layer(*_lines(upper_base, has_room=has_room)).properties(width=width - 60, height=190)
    lower = alt.layer(*_coverage(lower_base, has_room=has_room)).properties(width=width - 60, height=64)
    return _svg(alt.vconcat(upper, lower, spacing=18))


def _weekly(rows: Sequence[Mapping[str, Any]], *, axis: alt.Axis | None) -> alt.Chart:
    """Give the weeks side by side."""
    x = alt.X("week:O", axis=axis, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2))
    return alt.Chart(alt.Data(values=list(rows))).encode(x=x)


def _coverage(base: alt.Chart, *, has_room: bool) -> Iterator[alt.Chart]:
    """Give the bars of coverage and, where there is room, their values."""
    y = alt.Y("coverage:Q", scale=alt.Scale(domain=[0, 100]), axis=_axis([0, 50, 100]))
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


def _axis(values: Sequence[float] | None) -> alt.Axis:
    """Give a quiet axis with faint lines."""
    chosen: dict[str, Any] = {"values": list(values)} if values else {"tickCount": 5}
    return alt.Axis(title=None, domain=False, ticks=False, gridColor=RULE, labelPadding=8, minExtent=28, **chosen)


def draw_map(
    municipalities: Sequence[Area], outlines: Mapping[str, Any], words: Words, *, edges: Sequence[float]
) -> str:
    """Draw the municipalities, coloured by absence."""
    known = {area.code: area for area in municipalities}
    shapes = [
        {
            "type": "Feature",
            "geometry": flat_geometry(feature["geometry"], _middle_latitude(outlines)),
            "properties": {
                "colour": colour_of(area, edges),
                "described": describe(area, words),
            },
        }
        for feature in outlines["features"]
        if (area := known.get(str(feature["properties"].get("kommun_kod")))) is not None
    ]
    chart = (
        alt.Chart(alt.Data(values=shapes))
        .mark_geoshape(strokeWidth=1, stroke="#ffffff")
        .encode(color=alt.Color("properties.colour:N", scale=None, legend=None), description="properties.described:N")
        .project(type="identity", reflectY=True)
        .properties(width=420, height=470)
    )
    return _svg(chart)


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
    """Give the inner edges of the map's five classes, on whole or half per cent where that divides them."""
    if not values or math.isclose(min(values), max(values)):
        return ()
    low, high = min(values), max(values)
    step = next(
        step for step in (0.5, 1, 2, 5, 10, 20, 50) if math.ceil(high / step) - math.floor(low / step) <= len(STEPS)
    )
    first = math.floor(low / step) * step
    edges = [first + step * number for number in range(1, len(STEPS))]
    return tuple(edge for edge in edges if edge <= high)


def colour_of(area: Area, edges: Sequence[float]) -> str:
    """Give the colour of a municipality's class; grey where there is no value."""
    value = area.absence.value
    return NOTHING if value is None else STEPS[sum(value >= edge for edge in edges)]


def describe(area: Area, words: Words) -> str:
    """Say in a sentence what the chart shows of a municipality."""
    return words.text(
        "area_description", name=area.name, absence=words.pct(area.absence), coverage=words.pct(area.coverage)
    )


def flat_geometry(geometry: Mapping[str, Any], latitude: float) -> dict[str, Any]:
    """Give a geometry with degrees of longitude as short as they are at this latitude."""
    shrink = math.cos(math.radians(latitude))

    def flat(part: Any) -> Any:
        if part and isinstance(part[0], int | float):
            return [round(part[0] * shrink, 5), part[1]]
        return [flat(inner) for inner in part]

    return {"type": geometry["type"], "coordinates": flat(geometry["coordinates"])}


def _middle_latitude(outlines: Mapping[str, Any]) -> float:
    """Give the latitude in the middle of a county."""

    def latitudes(part: Any) -> Iterator[float]:
        if part and isinstance(part[0], int | float):
            yield part[1]
            return
        for inner in part:
            yield from latitudes(inner)

    found = [lat for feature in outlines["features"] for lat in latitudes(feature["geometry"]["coordinates"])]
    return (min(found) + max(found)) / 2


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
