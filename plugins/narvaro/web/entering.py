"""The way in and out: a letter's link becomes a session, and its token leaves the address bar."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from narvaro.alerts.links import ANSWER, STATUS
from narvaro.errors import AlertError
from narvaro.web.forms import Form
from narvaro.web.sessions import Session, close_session
from narvaro.web.view import View, Visit

router = APIRouter()
# What may have been wrong with the way in that was tried.
_SAID = {"bad_link", "oidc_denied", "oidc_failed"}


@router.get("/", name="home")
def home(view: Visit) -> Response:
    """Show the way to the visitor's own page, or the way in."""
    if view.session is None:
        return sign_in_page(view)
    if view.session.fingerprint:
        return view.to("issue", fingerprint=view.session.fingerprint)
    return view.to("region" if view.session.is_county else "status")


@router.get("/in/{purpose}", name="link")
def follow_link(view: Visit, purpose: str, token: str = "") -> Response:
    """Open a session by a letter's link."""
    if not view.site.limits.allow_entry(view.visitor):
        raise HTTPException(429)
    if purpose not in {STATUS, ANSWER}:
        raise HTTPException(404)
    try:
        claim = view.site.links.read(token, purpose, view.site.now())
    except AlertError:
        raise HTTPException(401, "bad_link") from None
    return open_door(view, Session.from_claim(claim, view.site.now()))


@router.post("/out", name="sign_out")
def sign_out(view: Visit, _form: Form) -> Response:
    """End the session."""
    response = view.to("home")
    view.forget(response, view.site.cookie)
    return response


def open_door(view: View, session: Session) -> Response:
    """Leave the session's cookie and send the visitor to a clean address."""
    response = view.to("home")
    seconds = int((session.expires_at - view.site.now()).total_seconds())
    cookie = close_session(view.site.seal, session, now=view.site.now())
    view.keep(response, view.site.cookie, cookie, seconds)
    return response


def sign_in_page(view: View, *, status: int = 200, said: str = "") -> Response:
    """Give the page that says how one gets in; `said` names what was wrong with the way that was tried."""
    known = said if said in _SAID else ""
    return view.page("sign_in.html.j2", status, said=known, has_oidc=view.site.sign_in is not None)
