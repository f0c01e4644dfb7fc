"""The other way in, against a real OpenID provider on localhost."""

from __future__ import annotations

import dataclasses
import logging

import httpx
import pytest
from invented_site import OURS, THEIRS, a_site
from openid_provider import CLIENT, SECRET, Provider, new_key
from served_pages import served
from visiting import MINUTES, answered

from narvaro.alerts.links import COUNTY
from narvaro.connections import Connection
from narvaro.errors import SettingsError
from narvaro.web.app import web_app
from narvaro.web.oidc import SignIn


@pytest.fixture
def provider():
    provider = Provider()
    with served(provider.app()) as address:
        provider.issuer = address
        yield provider


def a_connection(host, **extra):
    owners = {"region": COUNTY, "skola-1080": "2120000829", "skola-1081": "2120000837"}
    return Connection("narvaro_oidc", host, login=CLIENT, password=SECRET, extra={"owners": owners} | extra)


@pytest.fixture
def pages(home, provider):
    """The pages with the provider, at the address that the provider sends people back to."""
    site = a_site(home)
    known = {**site.county.owners, COUNTY: None}
    app = web_app(site)
    with served(app) as address:
        links = dataclasses.replace(
            site,
            links=type(site.links)(address, "s" * 64),
            sign_in=SignIn.from_connection(a_connection(provider.issuer), known),
        )
        app.state.site = links
        with httpx.Client(base_url=address, trust_env=False) as visitor:
            visitor.site = links
            yield visitor


def sign_in(pages):
    """Go the whole way as a browser does, and give the last answer."""
    return pages.get("/sign-in", follow_redirects=True)


def test_person_of_an_owner_sees_its_page(pages, provider):
    answer = sign_in(pages)
    assert (answer.status_code, answer.url.path) == (200, "/status")
    assert "Läget för Karlskrona kommun" in answer.text
    assert pages.get(f"/sources/{THEIRS}").status_code == 404
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.posted["redirect_uri"] == f"{pages.base_url}/sign-in/back".replace("//sign", "/sign")


def test_person_of_the_region_sees_the_county(pages, provider):
    provider.claims["groups"] = ["something else", "region"]
    assert sign_in(pages).url.path == "/region"


def test_claim_may_be_a_single_value(pages, provider):
    provider.claims["groups"] = "skola-1081"
    assert "Ronneby kommun" in sign_in(pages).text


def test_answer_is_signed_with_the_persons_name_whatever_the_form_says(pages):
    sign_in(pages)
    assert "Du svarar som Anna Andersson." in pages.get(f"/issues/{MINUTES}").text
    assert answered(pages, MINUTES, kind="acknowledged", who="Somebody else").status_code == 303
    (kept,) = pages.site.ledger.answers()
    assert kept.answered_by == "Karlskrona kommun: Anna Andersson"
    assert pages.site.ledger.accesses()[0].actor == "web: Karlskrona kommun, Anna Andersson"


def test_sign_in_page_offers_it(pages):
    page = pages.get("/").text
    assert 'href="/sign-in"' in page
    assert OURS not in page


def test_person_of_nobody_is_told_so(pages, provider):
    provider.claims["groups"] = ["skola-9999"]
    answer = sign_in(pages)
    assert (answer.status_code, "hör inte till någon av de huvudmän" in answer.text) == (401, True)
    assert pages.get("/status").status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": {"nonce": "another"}},
        {"claims": {"aud": "another-client"}},
        {"claims": {"iss": "https://elsewhere.example"}},
        {"claims": {"exp": 1_000_000_000}},
        {"claims": {"sub": None}},
        {"answer": {"state": "another"}},
        {"answer": {"code": ""}},
        {"description": {"issuer": "https://elsewhere.example"}},
        {"description": {"token_endpoint": "http://127.0.0.1:9/token"}},
    ],
    ids=str,
)
def test_answer_that_does_not_fit_opens_nothing(pages, provider, changes):
    provider.changes = changes
    answer = sign_in(pages)
    assert (answer.status_code, "gick inte att genomföra" in answer.text) == (401, True)
    assert pages.get("/status").status_code == 401


@pytest.mark.parametrize("forged", ["none", "HS256", "another key"])
def test_token_that_the_providers_key_does_not_vouch_for_opens_nothing(pages, provider, forged):
    if forged == "another key":
        provider.signing_key = new_key()
    else:
        provider.algorithm, provider.signing_key = forged, "c" * 40
    assert sign_in(pages).status_code == 401


def test_provider_that_is_down_is_told_to_the_operator(pages, provider, caplog):
    provider.is_down = True
    with caplog.at_level(logging.WARNING, logger="narvaro"):
        assert sign_in(pages).status_code == 401
    assert "no answer that could be read" in caplog.text


def test_failed_sign_in_logs_no_secret(pages, provider, caplog):
    provider.changes = {"claims": {"nonce": "another"}}
    with caplog.at_level(logging.DEBUG, logger="narvaro"):
        sign_in(pages)
    assert not [secret for secret in (SECRET, "Anna", "c0de") if secret in caplog.text]


def test_answer_without_a_question_opens_nothing(pages):
    """Somebody else's answer, slipped to this browser."""
    assert pages.get("/sign-in/back?code=c0de&state=x").status_code == 401


def test_without_a_provider_there_is_no_such_page(visitor):
    assert visitor.get("/sign-in").status_code == 404
    assert visitor.get("/sign-in/back?code=x&state=y").status_code == 404
    assert "/sign-in" not in visitor.get("/").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"login": ""}, "client id"),
        ({"extra": {}}, "owners"),
        ({"extra": {"owners": {"x": "5560000000"}}}, "in no owners.yml"),
        ({"host": "http://login.example"}, "https"),
    ],
)
def test_connection_that_is_wrong_says_what_is_wanted(changes, said):
    connection = dataclasses.replace(a_connection("https://login.example"), **changes)
    with pytest.raises(SettingsError, match=said) as refusal:
        SignIn.from_connection(connection, {COUNTY: None, "2120000829": None, "2120000837": None})
    assert SECRET not in str(refusal.value)


def test_secret_is_not_shown():
    sign_in = SignIn.from_connection(
        a_connection("https://login.example"), {COUNTY: None, "2120000829": None, "2120000837": None}
    )
    assert SECRET not in repr(sign_in)
