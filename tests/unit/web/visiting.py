"""What visitors of the pages do: follow a link, read a form, post it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from invented_site import OURS, UNIT

MINUTES = f"{OURS}/-/impossible_minutes"
MISSING = f"{OURS}/{UNIT}/reports_missing"
# What differs between two renderings of the same page.
_SEALED = re.compile(r'(?<=name="form" value=")[^"]+')


def local(url):
    """Give a link's path and query, for a server that stands at another port."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def enter(visitor, site, owner_id):
    """Follow an owner's status link."""
    answer = visitor.get(local(site.links.status_page(owner_id, now=site.now())))
    assert answer.status_code == 303, answer.text
    return answer


def enter_issue(visitor, site, fingerprint, owner_id):
    """Follow an issue's answer link."""
    answer = visitor.get(local(site.links.answer_page(fingerprint, owner_id, now=site.now())))
    assert answer.status_code == 303, answer.text
    return answer


def form_of(page):
    """Give the token that the page's forms carry."""
    return _SEALED.search(page.text)[0]


def unsealed(page):
    """Give a page as everybody would get it."""
    return page.status_code, _SEALED.sub("", page.text), sorted(set(page.headers) - {"set-cookie"})


def answered(visitor, fingerprint, **fields):
    """Post an answer as the page's own form does."""
    page = visitor.get(f"/issues/{fingerprint}")
    assert page.status_code == 200
    return visitor.post(f"/issues/{fingerprint}", data={"form": form_of(page), **fields})
