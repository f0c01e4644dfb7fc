"""A letter's links, followed: each opens what it stands beside, and nothing else."""

from __future__ import annotations

import html
import re
import sys
from email import message_from_string, policy
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "web"))

from invented_site import NIGHT, OURS, a_site, furnish
from served_pages import served
from visiting import local

from narvaro.alerts import compose_letters
from narvaro.web.app import web_app

_LINK = re.compile(r'href="(http://localhost:8083/in/(status|answer)\?[^"]+)"')


@pytest.fixture
def site(tmp_path):
    furnish(tmp_path / "home")
    return a_site(tmp_path / "home")


@pytest.fixture
def letter(site):
    """The letter to the first source's owner, as it is queued."""
    issues = site.ledger.issues_of_night(NIGHT)
    letters = compose_letters(site.county, NIGHT, issues, links=site.links, now=site.now())
    address = site.county.source_contact(OURS).email
    return message_from_string(
        next(each.message for each in letters if each.recipient == address), policy=policy.default
    )


def links_in(letter):
    text = html.unescape(letter.get_body(("html",)).get_content())
    return {(match[2], match[1]) for match in _LINK.finditer(text)}


def test_every_link_of_a_letter_opens_its_page(site, letter):
    links = links_in(letter)
    assert {kind for kind, _ in links} == {"status", "answer"}
    reached = []
    with served(web_app(site)) as address:
        for kind, link in links:
            with httpx.Client(base_url=address, trust_env=False, follow_redirects=True) as visitor:
                page = visitor.get(local(link))
                assert page.status_code == 200, kind
                assert "karlskrona" in page.text.casefold()
                assert visitor.get("/status").status_code == (200 if kind == "status" else 404)
                reached.append(page.url.path)
    assert "/status" in reached
    assert sum(path.startswith(f"/issues/{OURS}/") for path in reached) == 2


def test_text_part_has_the_same_links(letter):
    text = letter.get_body(("plain",)).get_content()
    assert all(link in text for _, link in links_in(letter))
