from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
import yaml
from invented_county import MUNICIPALITIES, NIGHT, a_county, build_warehouse, marts

from narvaro.disclosure import protect_marts
from narvaro.publish.report import charts, render_page
from narvaro.publish.report import words as words_module
from narvaro.publish.report.figures import Measure, Sign, figures_from_tables
from narvaro.publish.report.words import Words


class Page(HTMLParser):
    """A page's ids, addresses and open tags."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses, self.references = [], [], []
        self.feed(text)

    def handle_starttag(self, _tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"href", "src", "xlink:href", "action"}:
                self.addresses.append(value)
            if name in {"aria-labelledby", "aria-describedby"}:
                self.references.append(value)


def page_of(county, tables, **changes):
    facts = {"county": county, "night": NIGHT, "release_id": "2026-09-19-abc", "code_version": "0.1.0"}
    return render_page(tables={table.name: table.data for table in tables}, **(facts | changes))


@pytest.fixture(scope="module")
def page(county, tables):
    return page_of(county, tables)


@pytest.fixture(scope="module")
def figures(tables):
    return figures_from_tables({table.name: table.data for table in tables})


def test_figures_are_the_whole_county_in_the_newest_term(figures):
    total = sum(pupils for _, pupils in MUNICIPALITIES.values())
    assert (figures.term_code, figures.county.pupils.value) == ("2026HT", total)
    assert [week.code for week in figures.weeks] == [f"2026-W{week}" for week in range(34, 39)]


def test_figures_list_municipalities_as_a_swede_would(figures):
    assert [area.name for area in figures.municipalities] == [
        "Lillå", "Mellanköping", "Storby", "Tystinge", "Ånäs", "Ödegård",
    ]  # fmt: skip


def test_figures_tell_hidden_from_missing(figures):
    by_name = {area.name: area for area in figures.municipalities}
    assert by_name["Ödegård"].absence == Measure(None, Sign.HIDDEN)
    assert by_name["Tystinge"].absence == Measure(None, Sign.MISSING)
    assert by_name["Lillå"].absence.value is not None
    assert by_name["Lillå"].persistent == Measure(None, Sign.HIDDEN)


def test_figures_of_a_municipality_without_a_row_are_missing(tables):
    chosen = {table.name: table.data for table in tables}
    chosen["municipality_absence_by_term"] = chosen["municipality_absence_by_term"].slice(0, 0)
    areas = figures_from_tables(chosen).municipalities
    assert len(areas) == len(MUNICIPALITIES)
    assert {area.absence for area in areas} == {Measure(None, Sign.MISSING)}


def test_figures_keep_to_the_newest_term(tables):
    rows = marts()["county_absence_by_term"]
    older = [row | {"term_code": "2026VT", "school_year": "2025/26", "pupils_count": 7} for row in rows]
    table = next(table.data for table in tables if table.name == "county_absence_by_term")
    mixed = table.from_pylist([*older, *table.to_pylist()])
    assert figures_from_tables({"county_absence_by_term": mixed}).county.pupils.value > 7


@pytest.mark.parametrize(
    ("language", "number", "pct"),
    [("sv", "12\N{NO-BREAK SPACE}345,6", "8,0\N{NO-BREAK SPACE}%"), ("en", "12,345.6", "8.0%")],
)
def test_words_write_numbers_as_the_language_does(language, number, pct):
    words = Words(language)
    assert words.number(12345.6, decimals=1) == number
    assert words.pct(Measure(8.0)) == pct


def test_every_text_has_both_languages_and_the_same_gaps():
    texts = yaml.safe_load(words_module._TEXTS_PATH.read_text(encoding="utf-8"))
    for key, text in texts.items():
        assert set(text) == {"sv", "en"}, key
        assert set(re.findall(r"{(\w+)}", text["sv"])) == set(re.findall(r"{(\w+)}", text["en"])), key


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([], ()),
        ([8.0, 8.0], ()),
        ([6.1, 8.9], (7, 8)),
        ([8.1, 9.4], (8.5, 9.0)),
        ([0.0, 60.0], (20, 40, 60)),
        ([7.2 + n / 10 for n in range(20)] + [1.0, 40.0], (7.5, 8.0, 8.5, 9.0)),
    ],
)
def test_class_edges_lie_on_even_numbers(values, edges):
    assert charts.class_edges(values) == edges


def test_page_asks_for_nothing_outside_itself(page):
    assert not [a for a in Page(page).addresses if re.match(r"[a-z]+:|//", a) and a != "data:,"]
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttp|localStorage|cookie", page)
    assert "default-src 'none'" in page


def test_page_has_unique_ids_and_no_dangling_reference(page):
    parsed = Page(page)
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert set(parsed.references) <= set(parsed.ids)
    assert {a[1:] for a in parsed.addresses if a.startswith("#")} <= set(parsed.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(parsed.ids)


def test_page_is_small_enough_to_mail(page):
    assert len(page.encode()) < 2_000_000


def test_page_shows_both_languages_and_what_it_rests_on(page):
    for text in ("Preliminära uppgifter", "Preliminary figures", "Exempellän", "Example County", "2026-09-19-abc"):
        assert text in page
    assert "18 september 2026" in page
    assert "18 September 2026" in page


def test_page_names_stale_sources_with_their_last_good_night(page):
    assert page.count("16 september 2026") >= 1
    assert "aldrig" in page
    assert "2 av 6 källor" in page


def test_page_draws_a_map_where_the_county_has_outlines(tables, tmp_path, page):
    mapped = page_of(a_county(tmp_path, has_map=True), tables)
    assert "mark-shape" in mapped
    assert "mark-shape" not in page
    assert "Stapeldiagram över kommunernas frånvaro" in page


def test_map_marks_the_areas_whose_value_is_stale(tables, tmp_path, page):
    """A colour that rests on half of a municipality's schools may not look like the others."""
    mapped = page_of(a_county(tmp_path, has_map=True), tables)
    stale = "inaktuell: elever kan saknas"
    assert mapped.count('fill="url(#sv-areas-stale)"') == 1
    assert stale in mapped
    assert stale not in page


def test_page_of_an_empty_county_says_so(county, tmp_path):
    warehouse_path = build_warehouse(tmp_path / "warehouse.duckdb", county, rows={})
    page = page_of(county, protect_marts(warehouse_path, county.publication))
    assert "Det finns ännu inga uppgifter att visa för Exempellän." in page
    assert "NaN" not in page


def test_page_escapes_what_comes_from_data(county, tmp_path):
    rows = marts()
    for row in rows["municipalities"] + rows["municipality_absence_by_term"]:
        row["municipality_name"] = "<script>alert(1)</script>"
    warehouse_path = build_warehouse(tmp_path / "warehouse.duckdb", county, rows=rows)
    page = page_of(county, protect_marts(warehouse_path, county.publication))
    assert "<script>alert" not in page


def test_page_speaks_the_countys_languages_the_first_one_first(county, tables):
    page = page_of(dataclasses.replace(county, languages=("en",)), tables)
    assert '<html lang="en">' in page
    assert "Frånvaro i skolan" not in page
    assert 'class="switch"' not in page


def test_page_is_the_same_each_time(county, tables, page):
    assert page_of(county, tables) == page


@pytest.mark.parametrize(("ink", "paper"), [("#55636d", "#ffffff"), ("#b3480b", "#ffffff"), ("#0b5a7d", "#ffffff"),
                                            (charts.FAINT_INK, "#ffffff"), ("#55636d", "#f3f6f7"),
                                            ("#ffffff", charts.STEPS[3]), (charts.INK, charts.STEPS[2])])  # fmt: skip
def test_text_has_the_contrast_of_wcag_aa(ink, paper):
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(ink), light(paper)))
    assert (bright + 0.05) / (dark + 0.05) >= 4.5
