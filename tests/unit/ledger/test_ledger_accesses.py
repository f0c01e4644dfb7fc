from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger import AccessRecord, Ledger
from narvaro.ledger.removal_tables import ACCESS_HEADS, ACCESSES

READ_AT = datetime(2026, 9, 19, 4, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def ledger(url):
    ledger = Ledger.open(url)
    for number in range(4):
        ledger.record_access(an_access(statement=f"select {number}", rows=number))
    return ledger


def an_access(**changes):
    values = {"accessed_at": READ_AT, "actor": "anna", "purpose": "check", "statement": "select 1", "rows": 1}
    return AccessRecord(**values | {"grain": "unit"} | changes)


def change(ledger, statement):
    with ledger._write() as connection:
        connection.execute(statement)


def test_untouched_log_holds(ledger):
    found = ledger.verify_accesses()
    assert (found.accesses, found.broken_at) == (4, None)
    assert found.head in found.hashes
    ledger.record_access(an_access())
    assert ledger.verify_accesses().accesses == 5
    assert found.head in ledger.verify_accesses().hashes
    assert ledger.accesses()[0] == an_access()


def test_empty_log_holds(url):
    assert Ledger.open(url).verify_accesses().broken_at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "berit"},
        {"purpose": "x"},
        {"statement": "x"},
        {"rows": 9},
        {"grain": "pupil"},
        {"accessed_at": datetime(2026, 9, 20, tzinfo=UTC)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_changed_row_is_found(ledger, changed):
    change(ledger, sa.update(ACCESSES).where(ACCESSES.c.access_id == 2).values(**changed))
    assert ledger.verify_accesses().broken_at == 2


@pytest.mark.parametrize("place", [1, 2, 4])
def test_removed_row_is_found(ledger, place):
    change(ledger, sa.delete(ACCESSES).where(ACCESSES.c.access_id == place))
    assert ledger.verify_accesses().broken_at == place


def test_inserted_row_is_found(ledger):
    change(ledger, sa.insert(ACCESSES).values(**vars_of(an_access()), access_id=99, chain_hash="f" * 64))
    assert ledger.verify_accesses().broken_at == 5


def vars_of(access):
    return {name: getattr(access, name) for name in ("accessed_at", "actor", "purpose", "statement", "rows", "grain")}


def test_log_that_was_written_anew_lacks_the_hash_that_was_noted(ledger):
    noted = ledger.verify_accesses().head
    change(ledger, sa.delete(ACCESSES))
    change(ledger, sa.delete(ACCESS_HEADS))
    ledger.record_access(an_access(statement="select 7"))
    found = ledger.verify_accesses()
    # It holds by itself: only what was noted elsewhere tells.
    assert found.broken_at is None
    assert noted not in found.hashes


@pytest.mark.parametrize("purpose", ["", "  "])
def test_reading_without_a_purpose_is_refused(ledger, purpose):
    with pytest.raises(LedgerError, match="purpose"):
        ledger.record_access(an_access(purpose=purpose))


def test_log_of_an_older_ledger_is_chained_when_it_is_migrated(sqlite_url, monkeypatch):
    """Rows that were logged before the chain begin it."""
    from alembic import command

    from narvaro.ledger import opening

    monkeypatch.setattr(opening, "REVISION", "0002")
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _head: upgrade(config, "0002"))
    engine = opening.open_engine(sqlite_url)
    row = {
        "accessed_at": "2026-09-19 04:30:00.000000",
        "actor": "anna",
        "purpose": "x",
        "statement": "select 1",
        "rows": 1,
    }
    with opening.writing(engine) as connection:
        for _ in range(2):
            columns = ", ".join(row)
            connection.execute(sa.text(f"insert into accesses ({columns}) values (:{', :'.join(row)})"), row)
    monkeypatch.undo()
    ledger = Ledger.open(sqlite_url)
    assert (ledger.verify_accesses().accesses, ledger.verify_accesses().broken_at) == (2, None)
    ledger.record_access(an_access())
    assert (ledger.verify_accesses().accesses, ledger.verify_accesses().broken_at) == (3, None)
