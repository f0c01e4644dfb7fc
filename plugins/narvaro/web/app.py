"""The web application: its pages, its refusals, and the guard around them."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from narvaro.web import answering, entering, showing, signing_in
from narvaro.web.guard import Guard
from narvaro.web.site import Site
from narvaro.web.view import View

_PROBLEMS = {400: "bad_form", 403: "bad_form", 404: "not_found", 405: "not_found", 429: "too_many"}
_SIGN_IN = 401


def web_app(site: Site) -> FastAPI:
    """Give the web pages of an installation; they stand alone or are mounted in another application."""
    # No description of the pages for programs: there is nothing here for them.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.site = site
    app.add_middleware(Guard, is_https=site.is_https)
    for room in (entering, signing_in, showing, answering):
        app.include_router(room.router)
    app.add_api_route("/style.css", style, name="style")
    app.add_api_route("/icon.svg", icon, name="icon")
    app.add_api_route("/health", health, name="health")
    app.add_exception_handler(HTTPException, refuse)
    return app


def style() -> FileResponse:
    """Give the pages' one style sheet."""
    return FileResponse(Path(__file__).with_name("style.css"), media_type="text/css")


def icon() -> FileResponse:
    """Give the pages' icon."""
    return FileResponse(Path(__file__).with_name("icon.svg"), media_type="image/svg+xml")


def health() -> PlainTextResponse:
    """Tell that the server answers."""
    return PlainTextResponse("ok\n")


def refuse(request: Request, error: Exception) -> Response:
    """Give the page that says why there is no other."""
    view = View.of(request)
    code = error.status_code if isinstance(error, HTTPException) else 500
    if code == _SIGN_IN:
        return entering.sign_in_page(view, status=code, said=str(getattr(error, "detail", "")))
    return view.page("problem.html.j2", code, problem=_PROBLEMS.get(code, "failed"))
