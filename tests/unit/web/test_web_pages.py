from __future__ import annotations

from datetime import timedelta

import pytest
from invented_site import NIGHT, NOW, OURS, RECORD_ID, THEIRS, a_finding, reports_missing
from visiting import MINUTES, MISSING, enter, enter_issue, local

from narvaro.alerts.links import COUNTY, LIFETIMES, STATUS
from narvaro.web.words import LANGUAGES, texts


def test_link_leaves_the_token_in_the_cookie_and_not_in_the_address(visitor, site, ours):
    answer = enter(visitor, site, ours)
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visitor.get("/").headers["location"] == "/status"


def test_status_page_tells_deliveries_issues_coverage_and_history(visitor, site, ours):
    enter(visitor, site, ours)
    page = visitor.get("/status").text
    for words in (
        "Läget för Karlskrona kommun", "2 fel väntar på er", "Orimliga närvarominuter", "lärarnas närvarorapportering",
        "Sök upp posterna i ert system", "12\N{NO-BREAK SPACE}345", "Östra skolan", "Åtgärdade fel", "20 sep. 2026",
        "<svg",
    ):  # fmt: skip
        assert words in page, words


def test_unit_below_the_threshold_shows_nothing(visitor, site, ours):
    enter(visitor, site, ours)
    page = visitor.get("/status").text
    row = page[page.index("Lilla skolan") : page.index("Västra")]
    assert row.count("..") == 4
    assert "%" not in row


def test_page_of_very_many_issues_shows_the_gravest_and_counts_the_rest(visitor, site, ours):
    many = [reports_missing(OURS, f"{code:08}") for code in range(3000)]
    site.ledger.record_findings(NIGHT, [*many, a_finding(door="marts", rule="grave")], checked=[(OURS, "marts")])
    enter(visitor, site, ours)
    page = visitor.get("/status").text
    assert page.count('<li class="severity-') == 100
    assert page.index("severity-critical") < page.index("severity-warning")
    assert "2\N{NO-BREAK SPACE}902 fel till är öppna" in page


def test_history_leaves_out_the_nights_that_only_saw_it_again(visitor, site, ours):
    for later in (1, 2, 3):
        site.ledger.record_findings(NIGHT + timedelta(days=later), [a_finding()], checked=[(OURS, "rows")])
    enter(visitor, site, ours)
    page = visitor.get(f"/issues/{MINUTES}").text
    assert page.count("sett igen") == 1
    assert "24 sep. 2026: sett igen" in page


def test_names_from_the_data_are_escaped(visitor, site, ours):
    enter(visitor, site, ours)
    page = visitor.get("/status").text
    assert "Västra &lt;skolan&gt;" in page
    assert "<skolan>" not in page


def test_issue_page_tells_what_where_and_how(visitor, site, ours):
    enter(visitor, site, ours)
    page = visitor.get(f"/issues/{MINUTES}").text
    assert RECORD_ID in page
    assert "upptäckt (40)" in page
    assert "v. 37, v. 38" in visitor.get(f"/issues/{MISSING}").text


def test_county_sees_every_source_at_a_glance(visitor, site):
    enter(visitor, site, COUNTY)
    assert visitor.get("/").headers["location"] == "/region"
    page = visitor.get("/region").text
    assert "1 av 6 källor är aktuella. 3 fel är öppna." in page
    assert all(source in page for source in site.county.sources)
    assert "92\N{NO-BREAK SPACE}%" in page
    assert visitor.get(f"/sources/{THEIRS}").status_code == 200


@pytest.mark.parametrize("path", ["/", "/status", f"/issues/{MINUTES}", "/nothing"])
def test_language_is_switched_and_kept(visitor, site, ours, path):
    enter(visitor, site, ours)
    assert 'lang="en"' in visitor.get(f"{path}?language=en", follow_redirects=True).text
    assert '<html lang="en">' in visitor.get("/status").text
    assert '<html lang="sv">' in visitor.get("/status?language=sv").text


def test_unknown_language_is_the_countys_first(visitor):
    assert '<html lang="sv">' in visitor.get("/?language=de").text


def keys_of(words, prefix=""):
    for key, value in words.items():
        yield from keys_of(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]


def test_every_sentence_exists_in_every_language():
    first, *others = ([*keys_of(texts(language))] for language in LANGUAGES)
    assert all(other == first for other in others)


def test_link_expires_and_session_ends(visitor, site, ours):
    link = local(site.links.status_page(ours, now=NOW - LIFETIMES[STATUS]))
    refused = visitor.get(link)
    assert (refused.status_code, "Länken gäller inte längre" in refused.text) == (401, True)
    enter(visitor, site, ours)
    site.clock.moment = NOW + timedelta(hours=8, seconds=1)
    assert visitor.get("/status").status_code == 401


def test_session_never_outlives_its_link(visitor, site, ours):
    enter_early = local(site.links.status_page(ours, now=NOW - LIFETIMES[STATUS] + timedelta(hours=1)))
    assert visitor.get(enter_early).status_code == 303
    site.clock.moment = NOW + timedelta(hours=1, seconds=1)
    assert visitor.get("/status").status_code == 401


def test_signing_out_ends_the_session(visitor, site, ours):
    enter(visitor, site, ours)
    page = visitor.get("/status").text
    form = page.split('name="form" value="')[1].split('"')[0]
    assert visitor.get("/out").status_code == 405
    assert visitor.post("/out", data={"form": form}).status_code == 303
    assert visitor.get("/status").status_code == 401


def test_answer_link_opens_its_issue_and_nothing_else(visitor, site, ours):
    enter_issue(visitor, site, MINUTES, ours)
    assert visitor.get("/").headers["location"] == f"/issues/{MINUTES}"
    assert visitor.get(f"/issues/{MINUTES}").status_code == 200
    for path in ("/status", "/region", f"/sources/{OURS}", f"/issues/{MISSING}"):
        assert visitor.get(path).status_code == 404, path


def test_what_is_not_published_is_written_in_the_access_log(visitor, site, ours):
    enter(visitor, site, ours)
    assert site.ledger.accesses() == []
    visitor.get("/status")
    visitor.get(f"/issues/{MINUTES}")
    issue, status = site.ledger.accesses()
    assert (status.actor, status.grain, OURS in status.statement) == ("web: Karlskrona kommun", "unit", True)
    assert (issue.grain, issue.rows) == ("pupil", 1)
    assert site.ledger.verify_accesses().broken_at is None


def test_nothing_is_published_yet(visitor, site, ours):
    (site.line.settings.published_dir / "current").unlink()
    enter(visitor, site, ours)
    assert "Inga publicerade siffror än" in visitor.get("/status").text
