from __future__ import annotations

import logging

import httpx
import pytest
from invented_site import a_site
from served_pages import served
from visiting import MISSING, enter, form_of, local

from narvaro.web.app import web_app
from narvaro.web.guard import LARGEST_FORM


@pytest.mark.parametrize("path", ["/", "/status", "/in/status?token=x", "/nothing", "/style.css", "/health"])
def test_every_answer_carries_the_strict_headers(visitor, path):
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "script-src" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in headers


def test_https_adds_what_only_https_may_say(home):
    site = a_site(home, base_url="https://narvaro.example")
    with served(web_app(site)) as address, httpx.Client(base_url=address, trust_env=False) as visitor:
        owner_id = next(iter(site.county.owners))
        answer = visitor.get(local(site.links.status_page(owner_id, now=site.now())))
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-narvaro=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(visitor, method):
    assert visitor.request(method, "/status").status_code == 405


def test_form_that_is_too_large_is_refused(visitor, site, ours):
    enter(visitor, site, ours)
    assert visitor.post(f"/issues/{MISSING}", data={"reason": "x" * LARGEST_FORM}).status_code == 413


def test_form_of_unknown_length_is_refused(visitor):
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.post("/out", content=iter([b"form=x"]), headers=form).status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_anything_but_a_form_is_refused(visitor, kind):
    assert visitor.post("/out", content=b"form=x", headers={"content-type": kind}).status_code == 415


@pytest.mark.parametrize("place", ["cross-site", "same-site"])
def test_form_that_another_site_sends_is_refused(visitor, site, ours, place):
    enter(visitor, site, ours)
    form = form_of(visitor.get("/status"))
    assert visitor.post("/out", data={"form": form}, headers={"sec-fetch-site": place}).status_code == 403
    assert visitor.get("/status").status_code == 200


def test_guessing_links_is_slowed_down(visitor):
    codes = [visitor.get("/in/status?token=guess").status_code for _ in range(35)]
    assert codes[:30] == [401] * 30
    assert set(codes[30:]) == {429}


def test_pages_and_answers_have_a_limit_by_session(visitor, site, ours):
    enter(visitor, site, ours)
    codes = [visitor.get("/sources/nothing").status_code for _ in range(125)]
    assert codes[:120] == [404] * 120
    assert set(codes[120:]) == {429}
    enter(visitor, site, ours)
    assert visitor.get("/status").status_code == 200


def test_fault_of_ours_tells_the_visitor_nothing(visitor, site, ours, monkeypatch, caplog):
    enter(visitor, site, ours)

    def fail(*_args, **_values):
        message = "a value of somebody's data"
        raise ValueError(message)

    monkeypatch.setattr("narvaro.web.showing.source_standings", fail)
    with caplog.at_level(logging.DEBUG):
        answer = visitor.get("/status?secret=1")
    assert answer.status_code == 500
    assert answer.headers["referrer-policy"] == "no-referrer"
    # The visitor of this test is a program that logs what it asks.
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert ["ValueError" in line for line in said] == [True]
    assert "somebody" not in answer.text + "".join(said)
    assert "secret" not in "".join(said)


def test_ledger_that_cannot_be_reached_tells_no_address(visitor, site, ours, monkeypatch):
    from narvaro.errors import LedgerError

    enter(visitor, site, ours)

    def fail(*_args, **_values):
        message = "The ledger postgresql://narvaro@db.example could not be read"
        raise LedgerError(message)

    monkeypatch.setattr("narvaro.web.showing.source_standings", fail)
    answer = visitor.get("/status")
    assert answer.status_code == 500
    assert "example" not in answer.text.replace("support@region-blekinge.example", "")
