from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from narvaro.errors import PublishError
from narvaro.publish import published_app, serve_published


@pytest.fixture
def published_dir(tmp_path):
    release = tmp_path / "releases" / "one"
    (release / "csv").mkdir(parents=True)
    for name in ("index.html", "release.json", "narvaro.duckdb", "csv/municipalities.csv"):
        (release / name).write_text(f"one {name}", encoding="utf-8")
    (tmp_path / ".lock").write_text("", encoding="utf-8")
    (tmp_path / "current").symlink_to("releases/one")
    return tmp_path


def get(published_dir, path):
    """Ask the application as a browser would, without a port."""

    async def ask():
        transport = httpx.ASGITransport(app=published_app(published_dir))
        async with httpx.AsyncClient(transport=transport, base_url="http://narvaro.example") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/release.json", "application/json"),
        ("/narvaro.duckdb", "application/octet-stream"),
        ("/csv/municipalities.csv", "text/csv; charset=utf-8"),
    ],
)
def test_release_is_served_with_its_types(published_dir, path, kind):
    answer = get(published_dir, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/.lock", "/csv/", "/csv/none.csv", "/releases/one/index.html", "/current", "/csv/..%2findex.html",
     "/%2e%2e/%2e%2e/etc/passwd", "/csv/%2e%2e%2f%2e%2e%2f.lock"],
)  # fmt: skip
def test_nothing_else_is_served(published_dir, path):
    assert get(published_dir, path).status_code == 404


def test_next_release_is_served_as_soon_as_it_is_current(published_dir):
    (published_dir / "releases" / "two").mkdir()
    (published_dir / "releases" / "two" / "index.html").write_text("two", encoding="utf-8")
    (published_dir / "current").unlink()
    (published_dir / "current").symlink_to("releases/two")
    assert get(published_dir, "/").text == "two"


def test_before_the_first_release_the_page_says_so(tmp_path):
    answer = get(tmp_path, "/")
    assert (answer.status_code, "Nothing has been published yet." in answer.text) == (503, True)


def test_taken_port_is_a_clear_error(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PublishError, match="NARVARO_REPORT_PORT"):
            serve_published(tmp_path, host="127.0.0.1", port=other.getsockname()[1])
