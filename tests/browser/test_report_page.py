from __future__ import annotations

import pytest
from invented_county import NIGHT, a_county, build_warehouse

from narvaro.disclosure import protect_marts
from narvaro.publish import publish_release


@pytest.fixture(scope="module", params=[True, False], ids=["map", "bars"])
def page_path(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("county")
    county = a_county(folder / "config", has_map=request.param)
    warehouse_path = build_warehouse(folder / "warehouse.duckdb", county)
    publish_release(
        tables=protect_marts(warehouse_path, county.publication),
        county=county,
        night=NIGHT,
        loads_fingerprint="f00d",
        published_dir=folder / "published",
        code_version="0.1.0",
    )
    return folder / "published" / "index.html"


@pytest.fixture(params=[(1280, 900), (360, 740)], ids=["desk", "telephone"])
def opened(request, browser, page_path):
    """The page as it opens from disk, with all that it said and asked for."""
    page = browser.new_page(viewport={"width": request.param[0], "height": request.param[1]})
    page.heard, page.asked = [], []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto(page_path.as_uri())
    yield page
    page.close()


def texts(page, selector):
    return [text.strip() for text in page.locator(f"{selector}:visible").all_inner_texts()]


def test_page_opens_quietly_and_asks_for_itself_only(opened, page_path):
    opened.click("button.switch:visible")
    assert opened.heard == []
    assert opened.asked == [page_path.as_uri()]


def test_switch_changes_the_language_without_loading_again(opened):
    assert (opened.evaluate("document.documentElement.lang"), texts(opened, "h1")) == ("sv", ["Frånvaro i skolan"])
    opened.evaluate("window.here = true")
    opened.click("button.switch:visible")
    assert (opened.evaluate("document.documentElement.lang"), texts(opened, "h1")) == ("en", ["School absence"])
    assert opened.title() == "School absence · Example County"
    opened.click("button.switch:visible")
    assert texts(opened, "h1") == ["Frånvaro i skolan"]
    assert opened.evaluate("window.here") is True


def test_page_remembers_nothing(opened):
    opened.click("button.switch:visible")
    opened.reload()
    assert opened.evaluate("document.documentElement.lang") == "sv"
    assert opened.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0


def test_switch_is_reached_by_keyboard_and_keeps_the_focus(opened):
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert texts(opened, "h1") == ["School absence"]
    assert opened.evaluate("document.activeElement.className") == "switch"


def test_nothing_is_wider_than_the_screen(opened):
    for _ in range(2):
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert opened.evaluate(
            "[...document.querySelectorAll('.scroll')].every((box) => box.scrollWidth <= box.clientWidth + 1)"
        )
        opened.click("button.switch:visible")


def test_one_weekly_chart_is_shown_and_its_text_can_be_read(opened):
    charts = opened.locator("figure .chart.wide:visible, figure .chart.narrow:visible")
    assert charts.count() == 1
    sizes = opened.evaluate(
        "[...document.querySelectorAll('.side:not([hidden]) .chart svg text')].filter((t) => t.getClientRects().length)"
        ".map((t) => t.getBoundingClientRect().height)"
    )
    assert min(sizes) > 10


def municipality_names(page):
    return page.evaluate(
        "[...document.querySelectorAll('.side:not([hidden]) .sortable tbody th')].map((cell) => cell.dataset.name)"
    )


def test_table_sorts_with_what_is_hidden_last(opened):
    opened.click("[data-sort=absence]:visible")
    assert municipality_names(opened)[:4] == ["Lillå", "Mellanköping", "Ånäs", "Storby"]
    opened.click("[data-sort=absence]:visible")
    assert municipality_names(opened)[:4] == ["Storby", "Ånäs", "Mellanköping", "Lillå"]
    assert opened.locator("th[aria-sort=ascending]:visible").count() == 1
    opened.click("[data-sort=name]:visible")
    assert municipality_names(opened)[-3:] == ["Tystinge", "Ånäs", "Ödegård"]


def test_hidden_and_missing_have_their_signs_and_a_legend(opened):
    cells = dict(
        opened.evaluate(
            "[...document.querySelectorAll('.side:not([hidden]) .sortable tbody tr')]"
            ".map((row) => [row.cells[0].dataset.name, row.cells[1].innerText.trim()])"
        )
    )
    assert (cells["Ödegård"], cells["Tystinge"]) == ("..", ".")
    (legend,) = texts(opened, ".signs:has(b)")
    assert "bygger på få elever" in legend
    assert "ingen närvaro har rapporterats" in legend


def test_chart_tells_its_value_under_the_pointer(opened):
    mark = opened.locator(".beside .chart:visible [aria-label^='Storby']").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert opened.locator("#hint").inner_text().startswith("Storby: frånvaro 6,0")


def test_every_chart_has_a_name_a_description_and_a_table(opened):
    for figure in opened.locator("figure:visible").all():
        described = figure.get_attribute("aria-describedby")
        assert "tabell" in opened.locator(f"[id='{described}']").inner_text()
        section = figure.locator("xpath=ancestor::section")
        assert section.locator("table").count() == 1
        assert section.locator("h2").get_attribute("id") == figure.get_attribute("aria-labelledby")


def test_print_shows_the_closed_tables_and_no_buttons(opened):
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    assert opened.locator("button.switch:visible").count() == 0
    assert opened.locator("details table:visible").count() == 2
