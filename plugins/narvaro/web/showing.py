"""The pages that are read: an owner's status, a source's, the county's, and an issue's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from narvaro.errors import LedgerError
from narvaro.ledger import AccessRecord, IssueRecord
from narvaro.ledger.answers import MAX_REASON_LENGTH, NEVER_VERIFIED
from narvaro.orchestration.source_standing import SourceStanding, source_standings
from narvaro.privacy import masked
from narvaro.web.coverage import owner_coverage, source_coverage
from narvaro.web.faults import fault, life_of
from narvaro.web.status import deliveries, faults_of
from narvaro.web.trend import HEIGHT, WIDTH, trend_of
from narvaro.web.view import Entered, View

router = APIRouter()
# How far ahead somebody may say that the data are right.
LONGEST_SILENCE = timedelta(days=365)


@router.get("/status", name="status")
def show_status(view: Entered) -> Response:
    """Show an owner how all of its sources stand."""
    if view.require_session().is_county:
        raise HTTPException(404)
    return _status_page(view, _standings(view))


@router.get("/sources/{source}", name="source")
def show_source(view: Entered, source: str) -> Response:
    """Show how one source stands."""
    return _status_page(view, [standing for standing in _standings(view) if standing.source == source])


@router.get("/region", name="region")
def show_region(view: Entered) -> Response:
    """Show how every source of the county stands."""
    if not view.require_session().is_county:
        raise HTTPException(404)
    standings = _standings(view)
    log_access(view, "the county's page", len(standings), "aggregated")
    nights = [standing.last_attempt_night for standing in standings if standing.last_attempt_night]
    coverage = source_coverage(view.site.line.settings.published_dir)
    return view.page("region.html.j2", standings=standings, coverage=coverage, night=max(nights, default=None))


@router.get("/issues/{fingerprint:path}", name="issue")
def show_issue(view: Entered, fingerprint: str) -> Response:
    """Show one issue, and the forms that answer it."""
    return issue_page(view, own_issue(view, fingerprint))


def own_issue(view: View, fingerprint: str) -> IssueRecord:
    """Give an issue that the session may see; another's is as absent as one that never was."""
    try:
        issue = view.site.ledger.issue(fingerprint, today=view.site.today())
    except LedgerError:
        raise HTTPException(404) from None
    if not view.require_session().sees_issue(view.site.county, issue):
        raise HTTPException(404)
    return issue


def issue_page(
    view: View, issue: IssueRecord, *, wrong: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None
) -> Response:
    """Give an issue's page; `wrong` says by field what an answer lacked, `given` is what it had."""
    ledger, today = view.site.ledger, view.site.today()
    log_access(view, f"the issue {issue.fingerprint}", len(issue.record_ids), "pupil" if issue.record_ids else "unit")
    owner = view.site.county.owner_of(issue.source).name if issue.source in view.site.county.sources else ""
    return view.page(
        "issue.html.j2",
        422 if wrong else 200,
        fault=fault(issue, view.words, today),
        owner=owner,
        events=life_of(ledger.issue_history(issue.fingerprint)),
        answers=ledger.answers(issue.fingerprint),
        first_day=(today + timedelta(days=1)).isoformat(),
        last_day=(today + LONGEST_SILENCE).isoformat(),
        may_verify=issue.rule not in NEVER_VERIFIED,
        longest_reason=MAX_REASON_LENGTH,
        is_done="done" in view.request.query_params,
        wrong=wrong or {},
        given=given or {},
    )


def log_access(view: View, what: str, rows: int, grain: str) -> None:
    """Write in the access log who was shown what is not published."""
    session = view.require_session()
    who = session.name(view.site.county) + (f", {session.person}" if session.person else "")
    record = AccessRecord(datetime.now(UTC), masked(f"web: {who}"), "own status page", masked(what), rows, grain)
    view.site.ledger.record_access(record)


def _standings(view: View) -> list[SourceStanding]:
    """Give how the sources stand that the session may see."""
    session, site = view.require_session(), view.site
    seen = {source for source in site.county.sources if session.sees_source(site.county, source)}
    return source_standings(site.county, site.ledger, only=seen, today=site.today())


def _status_page(view: View, standings: Sequence[SourceStanding]) -> Response:
    """Give the status page of some sources of one owner."""
    if not standings:
        raise HTTPException(404)
    site, sources = view.site, [standing.source for standing in standings]
    faults = faults_of(site.ledger, sources, view.words, site.today())
    coverage = owner_coverage(site.line.settings.published_dir, standings[0].owner_id)
    log_access(view, "the status of " + ", ".join(sources), faults.waiting_count, "unit")
    return view.page(
        "status.html.j2",
        owner=standings[0].owner_name,
        standings=standings,
        faults=faults,
        coverage=coverage,
        deliveries=deliveries(site.ledger, sources),
        trend=trend_of(coverage.weeks),
        size=(WIDTH, HEIGHT),
    )
