from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ledger_builders import BOUND, NEXT_NIGHT, NIGHT, SOURCE, a_load, a_verdict

from narvaro.errors import LedgerError
from narvaro.ledger import BrakeRecord, Ledger

READS = [("attendances", "full")]
UNITS = (
    {"school_unit_code": "11111111", "entity": "attendances", "counted": "attendances", "rows": 500, "doomed": 400},
)


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def a_brake(night=NIGHT, **changes):
    values = {"told": 400, "inferred": 0, "units": UNITS}
    return BrakeRecord(SOURCE, night, **values | changes)


def hold(ledger, night=NIGHT, again=0):
    ledger.record_landing(SOURCE, night, [a_load(night=night, load_id=f"{night}-{again}")], reads=READS)
    ledger.settle_held(a_brake(night), [a_verdict(status="passed", failures=())], reason="400 of 500 would vanish")


def test_a_held_night_moves_nothing_and_asks(ledger):
    hold(ledger)
    assert ledger.night(SOURCE, NIGHT).status == "held"
    assert ledger.accepted_loads() == []
    assert ledger.cursors(SOURCE) == {}
    assert ledger.reads(SOURCE) == {}
    (brake,) = ledger.brakes(status="pending")
    assert (brake.told, brake.units) == (400, UNITS)
    assert ledger.known_load_ids(SOURCE) == {f"{NIGHT}-0"}


def test_approval_accepts_the_night_with_all_that_it_would_have_moved(ledger):
    hold(ledger)
    decided = ledger.decide_brake(SOURCE, NIGHT, approve=True, by="anna", reason="the school closed")
    assert (decided.status, decided.decided_by, decided.reason) == ("approved", "anna", "the school closed")
    assert ledger.night(SOURCE, NIGHT).status == "accepted"
    assert [load.status for load in ledger.loads()] == ["accepted"]
    assert ledger.cursors(SOURCE) == {"lessons": BOUND}
    assert ledger.reads(SOURCE)["attendances", "full"].last_night == NIGHT


def test_rejection_refuses_the_night_and_leaves_the_cursor(ledger):
    hold(ledger)
    ledger.decide_brake(SOURCE, NIGHT, approve=False, by="anna", reason="a mistake over there")
    record = ledger.night(SOURCE, NIGHT)
    assert (record.status, "a mistake over there" in record.reason) == ("refused", True)
    assert ledger.accepted_loads() == []
    assert ledger.cursors(SOURCE) == {}


def test_the_same_answer_twice_is_harmless_and_the_other_answer_is_an_error(ledger):
    hold(ledger)
    first = ledger.decide_brake(SOURCE, NIGHT, approve=True, by="anna", reason="yes")
    assert ledger.decide_brake(SOURCE, NIGHT, approve=True, by="bo", reason="also yes") == first
    with pytest.raises(LedgerError, match="approved"):
        ledger.decide_brake(SOURCE, NIGHT, approve=False, by="bo", reason="no")
    assert ledger.night(SOURCE, NIGHT).status == "accepted"


def test_a_question_that_was_never_asked_cannot_be_answered(ledger):
    with pytest.raises(LedgerError, match="no question"):
        ledger.decide_brake(SOURCE, NIGHT, approve=True, by="anna", reason="yes")


@pytest.mark.parametrize("settled", ["refused", "silent", "failed"])
def test_a_held_night_waits_for_its_answer_only(ledger, settled):
    hold(ledger)
    with pytest.raises(LedgerError, match="waits for a decision"):
        getattr(ledger, f"settle_{settled}")(SOURCE, NIGHT, reason="x")
    with pytest.raises(LedgerError, match="waits for a decision"):
        ledger.record_landing(SOURCE, NIGHT, [a_load()])
    assert ledger.night(SOURCE, NIGHT).status == "held"


@pytest.mark.parametrize("later", ["accepted", "held"])
def test_a_later_night_takes_an_earlier_question_back(ledger, later):
    hold(ledger)
    if later == "held":
        hold(ledger, NEXT_NIGHT)
    else:
        ledger.record_landing(SOURCE, NEXT_NIGHT, [a_load(night=NEXT_NIGHT, load_id="later")])
        ledger.settle_accepted(SOURCE, NEXT_NIGHT, [], {})
    assert [brake.status for brake in ledger.brakes(night=NIGHT)] == ["lapsed"]
    assert ledger.night(SOURCE, NIGHT).status == "refused"
    with pytest.raises(LedgerError, match="lapsed"):
        ledger.decide_brake(SOURCE, NIGHT, approve=True, by="anna", reason="late")


def test_a_silent_night_leaves_an_earlier_question_standing(ledger):
    hold(ledger)
    ledger.settle_silent(SOURCE, NEXT_NIGHT, reason="no answer")
    assert [brake.night for brake in ledger.brakes(status="pending")] == [NIGHT]


def test_an_approval_never_moves_a_cursor_back(ledger):
    later = BOUND + timedelta(days=3)
    ledger.record_landing(SOURCE, NIGHT - timedelta(days=1), [a_load(night=NIGHT - timedelta(days=1), load_id="e")])
    ledger.settle_accepted(SOURCE, NIGHT - timedelta(days=1), [], {"lessons": later})
    hold(ledger)
    ledger.decide_brake(SOURCE, NIGHT, approve=True, by="anna", reason="yes")
    assert ledger.cursors(SOURCE) == {"lessons": later}


def test_a_rejected_night_may_be_read_and_held_again(ledger):
    hold(ledger)
    ledger.decide_brake(SOURCE, NIGHT, approve=False, by="anna", reason="no")
    hold(ledger, again=1)
    assert [brake.status for brake in ledger.brakes()] == ["pending"]


def test_a_due_reading_is_due_until_a_night_that_did_it_is_accepted(ledger):
    ledger.mark_due(SOURCE, "attendances", "full", "short pull")
    record = ledger.reads(SOURCE)["attendances", "full"]
    assert (record.is_due, record.due_reason, record.last_night) == (True, "short pull", None)
    ledger.record_landing(SOURCE, NIGHT, [a_load()], reads=[("attendances", "full"), ("lessons", "window")])
    ledger.settle_accepted(SOURCE, NIGHT, [], {})
    reads = ledger.reads(SOURCE)
    assert not reads["attendances", "full"].is_due
    assert reads["lessons", "window"].last_night == NIGHT
    ledger.mark_due(SOURCE, "lessons", "window", "surplus")
    assert ledger.reads(SOURCE)["lessons", "window"].last_night == NIGHT


def test_a_refused_night_leaves_what_is_due(ledger):
    ledger.mark_due(SOURCE, "attendances", "full", "short pull")
    ledger.record_landing(SOURCE, NIGHT, [a_load()], reads=READS)
    ledger.settle_refused(SOURCE, NIGHT, reason="x")
    assert ledger.reads(SOURCE)["attendances", "full"].is_due


def test_capabilities_are_kept_per_probe_newest_first(ledger):
    first, second = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 8, tzinfo=UTC)
    assert ledger.capabilities(SOURCE) is None
    ledger.record_capabilities(SOURCE, {"meta": True}, "a", first)
    ledger.record_capabilities(SOURCE, {"meta": False}, "b", second)
    ledger.record_capabilities(SOURCE, {"meta": False}, "b", second)
    ledger.record_capabilities("other", {"meta": True}, "c", second)
    newest = ledger.capabilities(SOURCE)
    assert (newest.fingerprint, newest.capabilities, newest.probed_at) == ("b", {"meta": False}, second)
    assert [record.fingerprint for record in ledger.capability_history(SOURCE)] == ["b", "a"]
