"""The status pages over a night that was read, judged, built and published for real."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import httpx
import pytest
from canary_search import Search

from narvaro.alerts.links import COUNTY
from narvaro.orchestration.source_standing import source_standings
from narvaro.orchestration.web_links import links_of_server
from narvaro.web.app import web_app
from narvaro.web.site import Site

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "web"))

from served_pages import served
from visiting import local

_PSEUDONYM = re.compile(r"(?<![0-9A-Za-z_-])[0-9a-f]{32}(?![0-9A-Za-z_-])")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulated_line import SimulatedLine

    from narvaro.orchestration.line import Line


@pytest.fixture(scope="module")
def night(finished_night: SimulatedLine, tmp_path_factory: pytest.TempPathFactory) -> SimulatedLine:
    return finished_night.copied_to(tmp_path_factory.mktemp("web") / "home")


@pytest.fixture(scope="module")
def visitor(night: SimulatedLine) -> Iterator[httpx.Client]:
    site = Site(night.line, links_of_server(night.line, "http://localhost:8083"))
    with (
        served(web_app(site)) as address,
        httpx.Client(base_url=address, trust_env=False, follow_redirects=True) as client,
    ):
        client.site = site
        yield client


def published(line: Line, statement: str) -> list[tuple]:
    store = line.settings.published_dir / "narvaro.duckdb"
    with duckdb.connect(str(store), read_only=True) as connection:
        return connection.execute(statement).fetchall()


def enter(visitor: httpx.Client, owner_id: str) -> httpx.Response:
    return visitor.get(local(visitor.site.links.status_page(owner_id, now=visitor.site.now())))


def test_region_page_tells_of_every_source(night: SimulatedLine, visitor: httpx.Client):
    page = enter(visitor, COUNTY)
    assert page.url.path == "/region"
    for source in night.line.county.enabled_sources:
        assert source.name in page.text
        assert visitor.get(f"/sources/{source.name}").status_code == 200


def test_every_owner_sees_its_own_units_and_nothing_of_few_pupils(night: SimulatedLine, visitor: httpx.Client):
    """A simulated county of this size has no unit of ten pupils: every one is named, and none has a figure."""
    units = published(night.line, "select owner_id, school_unit_name from school_units")
    shown = "select count(*) from school_unit_absence_by_week where value_type = 'EXISTS'"
    assert (bool(units), published(night.line, shown)) == (True, [(0,)])
    for owner_id in {owner_id for owner_id, _ in units}:
        page = enter(visitor, owner_id).text
        table = page[page.index('id="coverage"') : page.index('id="deliveries"')]
        assert ".." in table
        assert "%" not in table
        for other_id, name in units:
            assert (name in table) == (other_id == owner_id)


def test_every_issue_of_the_night_has_a_page_in_both_languages(night: SimulatedLine, visitor: httpx.Client):
    enter(visitor, COUNTY)
    issues = night.line.ledger.issues()
    assert issues
    for issue in issues:
        for language in ("sv", "en"):
            page = visitor.get(f"/issues/{issue.fingerprint}?language={language}")
            assert page.status_code == 200, issue.fingerprint
            assert "{" not in page.text, issue.fingerprint


def test_no_page_names_a_pupil(night: SimulatedLine, visitor: httpx.Client):
    """All that the simulated county sends about people, sought in everything that the pages show."""
    search = Search.for_world(night.world)
    enter(visitor, COUNTY)
    paths = [f"/sources/{source.name}" for source in night.line.county.enabled_sources]
    paths += [f"/issues/{issue.fingerprint}" for issue in night.line.ledger.issues()]
    for path in ("/region", *paths):
        page = visitor.get(path).text
        assert search.hits(page.encode()) == set(), path
        assert not _PSEUDONYM.search(page), path


def test_published_sources_tell_what_the_ledger_knows(night: SimulatedLine):
    columns = "source_name, delivery_status, verdict_type, open_issues_count, oldest_issue_night_date, coverage_pct"
    found = {row[0]: row[1:] for row in published(night.line, f"select {columns} from source_status")}
    for standing in source_standings(night.line.county, night.line.ledger, night=night.night):
        told = (standing.status, standing.verdict or None, standing.open_issues, standing.oldest_issue_night)
        assert found[standing.source][:4] == told, standing.source
    # No unit of this small county is shown, so nothing may be summed of them.
    assert {coverage for *_, coverage in found.values()} == {None}


def test_publishing_again_changes_nothing(night: SimulatedLine):
    from narvaro.orchestration.county_steps import publish

    before = json.loads((night.line.settings.published_dir / "release.json").read_text(encoding="utf-8"))
    assert publish(night.line, night.night).startswith("Unchanged")
    after = json.loads((night.line.settings.published_dir / "release.json").read_text(encoding="utf-8"))
    assert after == before
