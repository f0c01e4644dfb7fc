"""The other way in: through the organisation's own OpenID provider, where one is configured."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from narvaro.errors import AlertError, SourceDeniedError, SourceError
from narvaro.web.entering import open_door
from narvaro.web.oidc import Attempt, SignIn
from narvaro.web.sessions import LONGEST, Session
from narvaro.web.view import View, Visit

router = APIRouter()
_log = logging.getLogger(__name__)
_COOKIE, _PURPOSE = "narvaro_sign_in", "sign-in"
_PATIENCE = timedelta(minutes=10)


@router.get("/sign-in", name="sign_in")
def begin(view: Visit) -> Response:
    """Send the visitor to the provider."""
    attempt, now = Attempt(), view.site.now()
    try:
        response = RedirectResponse(_sign_in(view).begin(attempt, _redirect_uri(view)), status_code=303)
    except SourceError as error:
        raise _failed(error) from None
    sealed = view.site.seal.close(asdict(attempt), _PURPOSE, now=now, expires_at=now + _PATIENCE)
    view.keep(response, _COOKIE, sealed, int(_PATIENCE.total_seconds()))
    return response


@router.get("/sign-in/back", name="signed_in")
def finish(view: Visit, code: str = "", state: str = "") -> Response:
    """Open a session for whom the provider vouches for."""
    provider, now = _sign_in(view), view.site.now()
    try:
        words, _ = view.site.seal.open(view.request.cookies.get(_COOKIE, ""), _PURPOSE, now=now)
        person = provider.finish(Attempt(**words), _redirect_uri(view), code=code, state=state)
    except SourceDeniedError as error:
        _log.warning("%s", error)
        raise HTTPException(401, "oidc_denied") from None
    except (AlertError, SourceError) as error:
        raise _failed(error) from None
    response = open_door(view, Session(person.owner_id, now + LONGEST, person=person.name))
    view.forget(response, _COOKIE)
    return response


def _sign_in(view: View) -> SignIn:
    """Give the provider, while the visitor asks no more than people do."""
    if view.site.sign_in is None:
        raise HTTPException(404)
    if not view.site.limits.allow_entry(view.visitor):
        raise HTTPException(429)
    return view.site.sign_in


def _redirect_uri(view: View) -> str:
    """Give the address that the provider sends people back to; never one that a request has named."""
    return view.site.links.base_url + str(view.request.app.url_path_for("signed_in"))


def _failed(error: Exception) -> HTTPException:
    # The operator reads why; the visitor reads that it failed.
    _log.warning("%s", error)
    return HTTPException(401, "oidc_failed")
