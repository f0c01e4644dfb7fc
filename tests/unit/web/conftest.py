from __future__ import annotations

import shutil
import sys
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def furnished_home(tmp_path_factory):
    """An installation after four nights; never changed: take a copy."""
    from invented_site import furnish

    home = tmp_path_factory.mktemp("furnished") / "home"
    furnish(home)
    return home


@pytest.fixture
def home(furnished_home, tmp_path):
    return shutil.copytree(furnished_home, tmp_path / "home", symlinks=True)


@pytest.fixture
def site(home):
    from invented_site import a_site

    return a_site(home)


@pytest.fixture
def ours(site):
    """The owner of the first source."""
    from invented_site import OURS

    return site.county.sources[OURS].owner


@pytest.fixture(scope="session")
def served_app(furnished_home):
    """One server for all tests: each gives it a site of its own."""
    from invented_site import a_site
    from served_pages import served

    from narvaro.web.app import web_app

    app = web_app(a_site(furnished_home))
    with served(app) as address:
        yield app, address


@pytest.fixture
def visitor(site, served_app):
    """Somebody without a session, whose browser keeps cookies and follows nothing by itself."""
    app, address = served_app
    app.state.site = site
    with httpx.Client(base_url=address, trust_env=False) as client:
        yield client
