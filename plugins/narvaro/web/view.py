"""One visit: who looks, in which language, and how a page is put together for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from narvaro.web.sessions import Session, form_token, open_session
from narvaro.web.site import Site
from narvaro.web.words import LANGUAGES, Language, Words

AnyResponse = TypeVar("AnyResponse", bound=Response)
_LANGUAGE_COOKIE = "narvaro_language"
_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class View:
    """A request as the pages see it; without a session nobody is signed in."""

    request: Request
    site: Site
    words: Words
    cookie: str
    session: Session | None

    @classmethod
    def of(cls, request: Request) -> View:
        """Read who looks and in which language."""
        site: Site = request.app.state.site
        cookie = request.cookies.get(site.cookie, "")
        session = open_session(site.seal, cookie, now=site.now()) if cookie else None
        return cls(request, site, Words(_language(request, site), site.county.timezone), cookie, session)

    def require_session(self) -> Session:
        """Give the session; whoever has none is shown the way in, whatever the page is or is not."""
        if self.session is None:
            raise HTTPException(401)
        return self.session

    @property
    def visit(self) -> str:
        """What tells this session from others, for counting."""
        return self.cookie[-40:]

    @property
    def visitor(self) -> str:
        """The address that the request came from; a trusted proxy's word for it."""
        return self.request.client.host if self.request.client else ""

    def path(self, name: str, **parameters: str) -> str:
        """Give a page's path, wherever the pages are mounted."""
        quoted = {key: quote(value, safe="/") for key, value in parameters.items()}
        return str(self.request.scope.get("root_path", "")) + str(self.request.app.url_path_for(name, **quoted))

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Give a page; a name that nobody fills in is an error, not a gap."""
        text = _environment().get_template(template).render(self._common() | values)
        return self._in_language(HTMLResponse(text, status_code=status))

    def to(self, name: str, query: str = "", **parameters: str) -> RedirectResponse:
        """Send the visitor to a page, which is then got anew."""
        return self._in_language(RedirectResponse(self.path(name, **parameters) + query, status_code=303))

    def _in_language(self, response: AnyResponse) -> AnyResponse:
        """Let the language that was asked for hold for the pages to come."""
        if self.request.query_params.get("language") in LANGUAGES:
            self.keep(response, _LANGUAGE_COOKIE, self.words.language, _YEAR_SECONDS)
        return response

    def keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Leave a cookie that no program in a page can read.

        Not strict: whoever comes from a letter on a web mail's page would be asked to sign in again.
        """
        same: Literal["lax"] = "lax"
        response.set_cookie(name, value, max_age=seconds, secure=self.site.is_https, httponly=True, samesite=same)

    def forget(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(name, secure=self.site.is_https, httponly=True, samesite="lax")

    def _common(self) -> dict[str, Any]:
        other: Language = "en" if self.words.language == "sv" else "sv"
        form = form_token(self.site.seal, self.cookie, self.session, now=self.site.now()) if self.session else ""
        return {
            "county": self.site.county.name(self.words.language),
            "contact": self.site.county.letters.reply_to,
            "form": form,
            "language": self.words.language,
            "other_language": other,
            "path": self.path,
            "session": self.session,
            "t": self.words.text,
            "words": self.words,
        }


def entered(request: Request) -> View:
    """Give the view of somebody who is signed in and asks no more than people do."""
    view = View.of(request)
    view.require_session()
    if not view.site.limits.allow_page(view.visit):
        raise HTTPException(429)
    return view


Visit = Annotated[View, Depends(View.of)]
Entered = Annotated[View, Depends(entered)]


def _language(request: Request, site: Site) -> Language:
    """Give the language that was asked for now, else before, else the county's first."""
    for asked in (request.query_params.get("language"), request.cookies.get(_LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if asked == language:
                return language
    return site.county.languages[0]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
