from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented_site import NOW, UNIT
from visiting import MINUTES, MISSING, answered, enter, enter_issue, form_of, local

from narvaro.alerts.links import COUNTY

UNTIL = (NOW.date() + timedelta(days=30)).isoformat()
VERIFIED = {"kind": "verified", "who": "Rektor", "reason": "Skolan hade studiedag.", "until": UNTIL}


def standing(site, fingerprint):
    return site.ledger.issue(fingerprint, today=site.today()).standing(site.today())


def test_acknowledgement_is_kept_with_who_gave_it(visitor, site, ours):
    enter(visitor, site, ours)
    answer = answered(visitor, MINUTES, kind="acknowledged", who="Anna, skolkontoret", reason="Klart på fredag.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/issues/{MINUTES}?done=1")
    (kept,) = site.ledger.answers(MINUTES)
    assert (kept.kind, kept.answered_by) == ("acknowledged", "Karlskrona kommun: Anna, skolkontoret")
    assert "Tack, svaret är mottaget" in visitor.get(answer.headers["location"]).text
    assert "rättas" in visitor.get("/status").text


def test_verified_issue_leaves_the_open_ones(visitor, site, ours):
    enter_issue(visitor, site, MISSING, ours)
    assert answered(visitor, MISSING, **VERIFIED).status_code == 303
    assert standing(site, MISSING) == "verified"
    enter(visitor, site, ours)
    assert "Ett fel väntar på er" in visitor.get("/status").text


def test_withdrawn_answer_opens_the_issue_again(visitor, site, ours):
    enter(visitor, site, ours)
    answered(visitor, MISSING, **VERIFIED)
    assert answered(visitor, MISSING, kind="withdrawn", who="Rektor").status_code == 303
    assert standing(site, MISSING) == "open"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"who": "  "}, "Skriv vem som svarar."),
        ({"reason": ""}, "Skriv varför uppgifterna stämmer."),
        ({"until": ""}, "Ange en dag som kommer"),
        ({"until": "i morgon"}, "Ange en dag som kommer"),
        ({"until": NOW.date().isoformat()}, "Ange en dag som kommer"),
        ({"until": "2031-01-01"}, "Ange en dag som kommer"),
        ({"reason": "x" * 2000}, "högst 500 tecken"),
        ({"who": "x" * 101}, "högst 100 tecken"),
    ],
)
def test_answer_that_lacks_something_says_what_and_keeps_the_rest(visitor, site, ours, changes, said):
    enter(visitor, site, ours)
    answer = answered(visitor, MISSING, **(VERIFIED | changes))
    assert answer.status_code == 422
    assert answer.text.count(said) == 2, "once above, once at its field"
    if "reason" not in changes:
        assert "Skolan hade studiedag." in answer.text
    assert site.ledger.answers() == []


def test_civic_number_in_an_answer_is_never_kept(visitor, site, ours):
    enter(visitor, site, ours)
    answered(visitor, MISSING, **(VERIFIED | {"reason": "Gäller 20130101-1234", "who": "Bo 8001019876"}))
    for answer in site.ledger.answers():
        assert "1234" not in answer.reason
        assert "9876" not in answer.answered_by


def test_issue_that_was_mended_meanwhile_takes_no_answer(visitor, site, ours):
    enter(visitor, site, ours)
    form = form_of(visitor.get(f"/issues/{MISSING}"))
    source, night = MISSING.split("/")[0], NOW.date() + timedelta(days=1)
    site.ledger.record_findings(night, [], checked=[(source, "marts")])
    answer = visitor.post(f"/issues/{MISSING}", data={"form": form, "kind": "acknowledged", "who": "Rektor"})
    assert (answer.status_code, "passar inte felets läge" in answer.text) == (422, True)


def test_no_answer_is_taken_by_following_links(visitor, site, ours):
    """Mail scanners open every link of a letter."""
    enter_issue(visitor, site, MISSING, ours)
    query = "&".join(f"{name}={value}" for name, value in VERIFIED.items())
    for path in (f"/issues/{MISSING}?{query}", local(site.links.answer_page(MISSING, ours, now=NOW)) + f"&{query}"):
        visitor.get(path, follow_redirects=True)
        visitor.head(path)
    assert site.ledger.answers() == []


@pytest.mark.parametrize("form", ["", "x", None])
def test_form_without_its_token_is_refused(visitor, site, ours, form):
    enter(visitor, site, ours)
    fields = VERIFIED | ({} if form is None else {"form": form})
    assert visitor.post(f"/issues/{MISSING}", data=fields).status_code == 403
    assert site.ledger.answers() == []


def test_form_of_another_session_is_refused(visitor, site, ours):
    enter(visitor, site, COUNTY)
    foreign = form_of(visitor.get("/region"))
    enter(visitor, site, ours)
    assert visitor.post(f"/issues/{MISSING}", data=VERIFIED | {"form": foreign}).status_code == 403
    assert site.ledger.answers() == []


def test_form_without_a_session_is_the_way_in(visitor):
    assert visitor.post(f"/issues/{MISSING}", data=VERIFIED).status_code == 401


def test_unknown_kind_is_refused(visitor, site, ours):
    enter(visitor, site, ours)
    assert answered(visitor, MISSING, **(VERIFIED | {"kind": "deleted"})).status_code == 400


def test_rule_that_no_data_can_be_right_about_offers_no_verification(visitor, site, ours):
    from narvaro.alerts import silent_source

    source = MISSING.split("/")[0]
    site.ledger.record_findings(NOW.date(), [silent_source(source)], checked=[(source, "arrival")])
    enter(visitor, site, ours)
    page = visitor.get(f"/issues/{source}/-/silent_source")
    assert 'value="acknowledged"' in page.text
    assert 'value="verified"' not in page.text


_TEXTS = st.text(max_size=60) | st.sampled_from(
    ["", "\0", "\ud7ff", "2026-10-01", "verified", "acknowledged", "withdrawn"]
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(["kind", "who", "reason", "until", "form2", "fingerprint"]), _TEXTS))
def test_no_posted_text_breaks_the_page(visitor, site, ours, fields):
    if not visitor.cookies:
        enter(visitor, site, ours)
    site.limits._limiter.storage.reset()
    answer = visitor.post(f"/issues/{MISSING}", data=fields | {"form": form_of(visitor.get("/status"))})
    assert answer.status_code in {303, 400, 422}


def test_bytes_that_are_no_text_do_not_break_the_page(visitor, site, ours):
    enter(visitor, site, ours)
    form = form_of(visitor.get(f"/issues/{MISSING}"))
    content = f"form={form}&kind=acknowledged&who=".encode() + b"%ff%fe\xff&reason=%"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.post(f"/issues/{MISSING}", content=content, headers=headers).status_code in {303, 400, 422}


def test_markup_in_an_answer_stays_text(visitor, site, ours):
    enter(visitor, site, ours)
    answered(visitor, MISSING, **(VERIFIED | {"reason": "<script>alert(1)</script>", "who": f"<b>{UNIT}"}))
    page = visitor.get(f"/issues/{MISSING}").text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
