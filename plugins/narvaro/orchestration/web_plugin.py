"""The web pages within Airflow's API server, where an installation's address says that they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/narvaro"


class LatePages:
    """The pages, opened when somebody first asks: every process of Airflow loads its plugins."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._app is None:
            from narvaro.orchestration.line import Line
            from narvaro.web.app import web_app
            from narvaro.web.server import open_site

            self._app = web_app(open_site(Line.open()))
        await self._app(scope, receive, send)


def fastapi_apps() -> list[dict[str, Any]]:
    """Give Airflow the pages when `NARVARO_WEB_URL` ends with their place in it, and else nothing."""
    from narvaro.errors import SettingsError
    from narvaro.settings import Settings

    try:
        address = Settings.from_env().web_url
    except SettingsError:
        # A plugin that fails is not what should tell of a wrong environment: the first task says it plainly.
        return []
    is_ours = urlsplit(address).path.endswith(PREFIX)
    return [{"app": LatePages(), "url_prefix": PREFIX, "name": "Närvaro"}] if is_ours else []


class WebPlugin(AirflowPlugin):
    """Tell Airflow of the pages."""

    name = "narvaro_web"
    fastapi_apps = fastapi_apps()
