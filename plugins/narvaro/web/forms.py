"""A form as it comes: from this very session, small, and plain text."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from narvaro.web.sessions import is_own_form
from narvaro.web.view import View

_MOST_FIELDS = 20


async def own_form(request: Request) -> dict[str, str]:
    """Give the fields of a posted form; one that was not given out to this session is refused."""
    view = View.of(request)
    view.require_session()
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not is_own_form(view.site.seal, fields.pop("form", ""), view.cookie, now=view.site.now()):
        raise HTTPException(403)
    return fields


Form = Annotated[dict[str, str], Depends(own_form)]
