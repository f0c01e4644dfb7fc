"""The letter as a telephone shows it: nothing beside the screen, nothing fetched, and axe finds nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_string
from email.policy import SMTP
from pathlib import Path

import pytest

from narvaro.alerts import compose_letters
from narvaro.alerts.engineer import RUN_FAILED, engineer_letters
from narvaro.alerts.links import Links
from narvaro.county import load_county

# The builders of issues live beside the unit tests of alerts.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "alerts"))

from reported import BLEKINGE, NIGHT, an_answer, an_issue

TELEPHONE = {"width": 390, "height": 844}
LONG_ID = "0f7a1c5e-9d0b-4b7e-8f55-" + "4a" * 40


def every_kind_of_issue():
    unit = {"school_unit_code": "12345678", "rule": "reports_missing", "severity": "warning", "owner": "reporting"}
    weeks = {"school_unit_name": "Björkskolan i Jämjö", "periods": [f"2026-W{week}" for week in range(34, 39)]}
    long = {"school_unit_name": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkskolan", "periods": ["2026-W38"]}
    mended = {"event": "seen", "answer": an_answer("acknowledged", until=date(2026, 9, 30))}
    return [
        an_issue(count=1_234, record_ids=(LONG_ID, *(f"id-{number}" for number in range(30)))),
        an_issue(**unit, record_ids=(), count=5, details=weeks),
        an_issue(**unit | {"school_unit_code": "87654321"}, record_ids=(), details=long, count=1),
        an_issue(rule="wrong_shape", event="seen", record_ids=(), details={"reason": "x" * 300}, escalated_night=NIGHT),
        an_issue(rule="odd_grade", flapping_since=NIGHT),
        an_issue(rule="missing_columns", **mended),
        an_issue(rule="unheard_of", event="seen", answer=an_answer("verified", until=date(2027, 1, 1))),
        an_issue(rule="silent_source", event="resolved", record_ids=()),
    ]


def letters(language):
    county = load_county(BLEKINGE)
    offices = {
        code: office.model_copy(update={"contact": office.contact.model_copy(update={"language": language})})
        for code, office in county.municipalities.items()
    }
    contact = county.contact.model_copy(update={"language": language})
    county = replace(county, municipalities=offices, contact=contact)
    links = Links("https://narvaro.region-blekinge.example", "s" * 64)
    now = datetime(2026, 9, 19, 4, tzinfo=UTC)
    told = {"what": "build_county", "reason": "BuildError"}
    return [
        *compose_letters(county, NIGHT, every_kind_of_issue(), links=links, now=now),
        *engineer_letters(county, NIGHT, RUN_FAILED, about="build_county", **told),
    ]


@pytest.fixture(params=["sv", "en"], scope="module")
def pages(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("letters")
    paths = []
    for number, letter in enumerate(letters(request.param)):
        html = message_from_string(letter.message, policy=SMTP).get_body(("html",)).get_content()
        path = folder / f"{number}.html"
        path.write_text(html, encoding="utf-8")
        paths.append(path)
    return paths


@pytest.fixture(params=[0, 1, 2], ids=["owner", "region", "engineer"])
def opened(request, browser, pages):
    page = browser.new_page(viewport=TELEPHONE)
    page.asked = []
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.path = pages[request.param]
    page.goto(page.path.as_uri())
    yield page
    page.close()


def test_letter_fits_a_telephone_and_fetches_nothing(opened):
    widths = opened.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1] == TELEPHONE["width"]
    assert opened.asked == [opened.path.as_uri()]


def test_axe_finds_nothing_to_object_to(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = axe.run(opened)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def test_every_link_can_be_reached_by_keyboard(opened):
    for link in opened.locator("a").all():
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.href") == link.get_attribute("href")
