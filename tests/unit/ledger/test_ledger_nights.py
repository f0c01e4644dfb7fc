from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from ledger_builders import BOUND, NEXT_NIGHT, NIGHT, SOURCE, a_load, a_verdict

from narvaro.errors import LedgerError
from narvaro.ledger import Ledger, SourceStatus


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def test_a_landed_night_is_known_but_not_accepted(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])

    assert ledger.night(SOURCE, NIGHT).status == "landed"
    assert ledger.known_load_ids(SOURCE) == {a_load().load_id}
    assert ledger.accepted_loads() == []
    assert ledger.cursors(SOURCE) == {}


def test_acceptance_moves_loads_verdicts_and_cursors_together(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_accepted(SOURCE, NIGHT, [a_verdict()], {"lessons": BOUND})

    (load,) = ledger.accepted_loads()
    assert (load.load_id, load.files, load.cursor_to) == (a_load().load_id, a_load().files, BOUND)
    assert ledger.cursors(SOURCE) == {"lessons": BOUND}
    (verdict,) = ledger.verdicts(source=SOURCE, night=NIGHT)
    assert verdict.failures == a_verdict().failures
    assert ledger.verdicts(load_id=load.load_id) == [verdict]


def test_a_refused_night_moves_nothing_and_may_be_tried_again(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_refused(SOURCE, NIGHT, [a_verdict(status="refused")], reason="raw__lessons")
    assert ledger.accepted_loads() == []
    assert ledger.cursors(SOURCE) == {}

    again = a_load(load_id="20260919-0180-stockholm-lessons-def456")
    ledger.record_landing(SOURCE, NIGHT, [again])
    assert ledger.known_load_ids(SOURCE) == {again.load_id}
    ledger.settle_accepted(SOURCE, NIGHT, [], {"lessons": BOUND})
    assert [load.load_id for load in ledger.accepted_loads()] == [again.load_id]


@pytest.mark.parametrize("status", ["silent", "failed"])
def test_what_landed_of_a_night_without_an_end_may_be_swept(ledger, status):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    getattr(ledger, f"settle_{status}")(SOURCE, NIGHT, reason="the run ended")
    assert ledger.known_load_ids(SOURCE) == set()
    assert ledger.night(SOURCE, NIGHT).status == status


def test_an_accepted_night_stands(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_accepted(SOURCE, NIGHT, [], {})

    with pytest.raises(LedgerError, match="already accepted"):
        ledger.record_landing(SOURCE, NIGHT, [a_load(load_id="other")])
    with pytest.raises(LedgerError, match="already accepted"):
        ledger.settle_refused(SOURCE, NIGHT, reason="late doubt")
    with pytest.raises(LedgerError, match="already accepted"):
        ledger.settle_silent(SOURCE, NIGHT, reason="503")
    with pytest.raises(LedgerError, match="already accepted"):
        ledger.settle_failed(SOURCE, NIGHT, reason="no connection")
    assert len(ledger.accepted_loads()) == 1


def test_a_night_that_never_landed_cannot_be_accepted(ledger):
    with pytest.raises(LedgerError, match="wanted a landed night, found nothing"):
        ledger.settle_accepted(SOURCE, NIGHT, [], {})


def test_a_refusing_verdict_cannot_be_accepted(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    with pytest.raises(LedgerError, match="refused by"):
        ledger.settle_accepted(SOURCE, NIGHT, [a_verdict(status="refused")], {})
    assert ledger.night(SOURCE, NIGHT).status == "landed"


def test_a_landing_of_strangers_leaves_no_trace(ledger):
    with pytest.raises(LedgerError, match="belong elsewhere"):
        ledger.record_landing(SOURCE, NIGHT, [a_load(source="0114-upplands-vasby")])
    assert ledger.nights() == []


def test_a_doubled_load_leaves_no_trace(ledger):
    with pytest.raises(LedgerError):
        ledger.record_landing(SOURCE, NIGHT, [a_load(), a_load()])
    assert ledger.nights() == []
    assert ledger.known_load_ids(SOURCE) == set()


def test_cursors_never_move_back(ledger):
    for night, cursor in ((NEXT_NIGHT, BOUND + timedelta(days=1)), (NIGHT, BOUND)):
        ledger.record_landing(SOURCE, night, [a_load(night=night, load_id=f"{night}")])
        ledger.settle_accepted(SOURCE, night, [], {"lessons": cursor})
    assert ledger.cursors(SOURCE) == {"lessons": BOUND + timedelta(days=1)}


def test_reset_cursors_forgets_only_what_is_named(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_accepted(SOURCE, NIGHT, [], {"lessons": BOUND, "grades": BOUND})
    ledger.reset_cursors(SOURCE, ["grades"])
    assert ledger.cursors(SOURCE) == {"lessons": BOUND}
    ledger.reset_cursors(SOURCE)
    assert ledger.cursors(SOURCE) == {}


def test_times_come_back_aware_and_in_utc(ledger):
    local = datetime(2026, 9, 19, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    ledger.record_landing(SOURCE, NIGHT, [a_load(cursor_to=local, server_date=local)])
    (load,) = ledger.loads(NIGHT, source=SOURCE)
    assert load.cursor_to == local
    assert load.cursor_to.tzinfo is UTC
    assert load.landed_at.tzinfo is UTC


def test_a_naive_time_is_refused(ledger):
    with pytest.raises(LedgerError):
        ledger.record_landing(SOURCE, NIGHT, [a_load(cursor_to=datetime(2026, 9, 19, 3, 0))])  # noqa: DTZ001


def test_accepted_loads_can_be_asked_as_of_a_night(ledger):
    for night in (NIGHT, NEXT_NIGHT):
        ledger.record_landing(SOURCE, night, [a_load(night=night, load_id=f"{night}")])
        ledger.settle_accepted(SOURCE, night, [], {})
    assert [load.night for load in ledger.accepted_loads()] == [NIGHT, NEXT_NIGHT]
    assert [load.night for load in ledger.accepted_loads(NIGHT)] == [NIGHT]
    assert ledger.accepted_loads(source="0114-upplands-vasby") == []


def test_source_status_tells_who_is_stale(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_accepted(SOURCE, NIGHT, [], {})
    ledger.settle_silent(SOURCE, NEXT_NIGHT, reason="503")
    ledger.record_landing("b", NEXT_NIGHT, [a_load(source="b", night=NEXT_NIGHT, load_id="b-1")])
    ledger.settle_accepted("b", NEXT_NIGHT, [], {})

    assert ledger.source_status(["c"]) == [
        SourceStatus(SOURCE, "silent", NIGHT, NEXT_NIGHT, is_stale=True, reason="503"),
        SourceStatus("b", "accepted", NEXT_NIGHT, NEXT_NIGHT, is_stale=False),
        SourceStatus("c", "never", None, None, is_stale=True),
    ]
    assert [status.is_stale for status in ledger.source_status(night=NIGHT)] == [False]
    assert all(status.is_stale for status in ledger.source_status(night=date(2026, 9, 21)))


def test_verdicts_on_marts_are_kept_without_a_night(ledger):
    ledger.record_verdicts([a_verdict(suite="fct_absence_by_county_week", load_id="", source="", entity="")])
    (verdict,) = ledger.verdicts()
    assert (verdict.suite, verdict.night, verdict.source) == ("fct_absence_by_county_week", None, "")
