"""The status pages in a real browser: the whole way by mouse and by keyboard, the rules of access, a telephone."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "web"))

from invented_site import NOW, OURS, a_site, furnish
from served_pages import served
from visiting import MINUTES, MISSING, local

from narvaro.alerts.links import COUNTY
from narvaro.web.app import web_app

UNTIL = (NOW.date() + timedelta(days=30)).isoformat()
SCREENS = {"desk": (1280, 900), "telephone": (360, 740)}
LANGUAGES = ("sv", "en")


@pytest.fixture
def site(tmp_path):
    furnish(tmp_path / "home")
    return a_site(tmp_path / "home")


@pytest.fixture
def address(site):
    with served(web_app(site)) as address:
        yield address


@pytest.fixture
def ours(site):
    return site.county.sources[OURS].owner


@pytest.fixture
def opened(browser):
    """A new browser's page, with all that it said, asked for and was refused."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="sv-SE")
    page = context.new_page()
    page.heard, page.asked = [], []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    yield page
    context.close()


def follow(page, address, link):
    page.goto(address + local(link))


def focused(page):
    return page.evaluate("(document.activeElement.innerText || document.activeElement.id || '').trim()")


def tab_to(page, wanted, most=60):
    """Press Tab until the focus stands on what is wanted, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    raise AssertionError(wanted)


def test_whole_way_from_the_link_to_a_verified_issue(opened, address, site, ours):
    follow(opened, address, site.links.status_page(ours, now=NOW))
    assert opened.url == f"{address}/status"
    assert "2 fel väntar på er" in opened.locator("main").inner_text()
    opened.get_by_role("link", name="Närvaro är inte rapporterad").click()
    form = opened.locator("form.answer", has_text="Uppgifterna stämmer")
    form.get_by_label("Vem svarar").fill("Rektor")
    form.get_by_label("Varför stämmer").fill("Studiedagar hela veckan.")
    form.get_by_label("Till och med").fill(UNTIL)
    form.get_by_role("button").click()
    assert opened.get_by_role("status").inner_text() == "Tack, svaret är mottaget."
    opened.get_by_role("link", name="Läget").click()
    assert "Ett fel väntar på er" in opened.locator("main").inner_text()
    assert opened.locator(".faults").get_by_role("link", name="Närvaro är inte rapporterad").count() == 0
    (answer,) = site.ledger.answers()
    assert (answer.kind, answer.reason, str(answer.until)) == ("verified", "Studiedagar hela veckan.", UNTIL)
    assert opened.heard == []
    assert {url.split("/")[2] for url in opened.asked} == {address.split("/")[2]}


def test_keyboard_alone_answers_an_issue(opened, address, site, ours):
    follow(opened, address, site.links.answer_page(MINUTES, ours, now=NOW))
    opened.keyboard.press("Tab")
    assert focused(opened) == "Hoppa till innehållet"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "content"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "acknowledged-who"
    opened.keyboard.type("Anna")
    opened.keyboard.press("Tab")
    opened.keyboard.type("Klart i morgon.")
    tab_to(opened, "Skicka: vi rättar")
    opened.keyboard.press("Enter")
    opened.wait_for_url("**done=1")
    assert [answer.kind for answer in site.ledger.answers()] == ["acknowledged"]


def test_focus_can_always_be_seen(opened, address, site, ours):
    follow(opened, address, site.links.answer_page(MISSING, ours, now=NOW))
    for _ in range(12):
        opened.keyboard.press("Tab")
        outline = opened.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", focused(opened)


def test_pages_work_without_programs_and_without_styles(browser, address, site, ours):
    context = browser.new_context(java_script_enabled=False, locale="sv-SE")
    page = context.new_page()
    page.route("**/style.css", lambda route: route.abort())
    follow(page, address, site.links.answer_page(MISSING, ours, now=NOW))
    page.get_by_label("Vem svarar").first.fill("Anna")
    page.get_by_role("button", name="Skicka: vi rättar").click()
    assert page.get_by_role("status").inner_text() == "Tack, svaret är mottaget."
    context.close()


def test_token_does_not_travel_to_the_next_page(opened, address, site, ours):
    referrers = []
    opened.on("request", lambda asked: referrers.append(asked.headers.get("referer", "")))
    follow(opened, address, site.links.status_page(ours, now=NOW))
    opened.get_by_role("link", name="Orimliga närvarominuter").click()
    assert "token" not in opened.url
    assert not any(referrers)
    assert opened.evaluate("document.cookie") == ""


def test_answer_that_lacks_something_is_told_where(opened, address, site, ours):
    follow(opened, address, site.links.answer_page(MISSING, ours, now=NOW))
    form = opened.locator("form.answer", has_text="Uppgifterna stämmer")
    form.evaluate("form => form.noValidate = true")
    form.get_by_label("Vem svarar").fill("Rektor")
    form.get_by_role("button").click()
    opened.get_by_role("alert").get_by_role("link", name="Skriv varför").click()
    field = opened.get_by_label("Varför stämmer")
    assert opened.evaluate("document.activeElement.id") == field.get_attribute("id")
    assert field.get_attribute("aria-invalid") == "true"
    said = field.get_attribute("aria-describedby")
    assert opened.locator(f"[id='{said}']").inner_text() == "Skriv varför uppgifterna stämmer."


def every_page(page, address, site, ours, language):
    """Visit every kind of page in a language, and name it."""
    page.goto(f"{address}/?language={language}")
    yield "sign in"
    page.goto(f"{address}/in/status?token=bad")
    yield "bad link"
    follow(page, address, site.links.status_page(ours, now=NOW))
    yield "status"
    for details in page.locator("summary").all():
        details.click()
    yield "status with its table open"
    page.goto(f"{address}/issues/{MISSING}")
    yield "issue"
    form = page.locator("form.answer").last
    form.evaluate("form => form.noValidate = true")
    form.get_by_role("button").click()
    yield "issue with a wrong answer"
    page.goto(f"{address}/nothing")
    yield "no such page"
    site.ledger.answer_issue(MINUTES, "acknowledged", by="Anna", reason="Klart snart.", at=NOW)
    page.goto(f"{address}/issues/{MINUTES}?done=1")
    yield "answered issue"
    follow(page, address, site.links.status_page(COUNTY, now=NOW))
    yield "region"


@pytest.fixture(params=[(screen, language) for screen in SCREENS for language in LANGUAGES], ids="-".join)
def visited(request, browser, address, site, ours):
    """Every kind of page in turn, with its name, on a screen and in a language."""
    (width, height), language = SCREENS[request.param[0]], request.param[1]
    # Axe is put into the page by the tests; the pages themselves forbid every program.
    context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    yield page, every_page(page, address, site, ours, language), language
    context.close()


def test_every_page_keeps_the_rules_of_access_and_fits_the_screen(visited):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page, names, language = visited
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for name in names:
        assert page.evaluate("document.documentElement.lang") == language, name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
        found = axe.run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
        assert found.response["violations"] == [], f"{name}: {found.generate_report()}"


def test_text_of_twice_the_size_loses_nothing(browser, address, site, ours):
    context = browser.new_context(viewport={"width": 640, "height": 450}, locale="sv-SE")
    page = context.new_page()
    follow(page, address, site.links.status_page(ours, now=NOW))
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
