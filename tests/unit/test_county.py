from __future__ import annotations

import dataclasses
import json
import re
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narvaro.county import County, load_county
from narvaro.errors import ConfigError

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"
COUNTY_DIRS = [CONFIG_DIR, CONFIG_DIR / "blekinge"]


@pytest.fixture(scope="module")
def stockholm() -> County:
    return load_county(CONFIG_DIR)


@pytest.fixture(scope="module")
def blekinge() -> County:
    return load_county(CONFIG_DIR / "blekinge")


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG_DIR / "blekinge", tmp_path / "config"))


def test_the_first_county_has_26_municipalities_and_34_sources(stockholm):
    assert (stockholm.code, stockholm.name("sv"), stockholm.name("en")) == ("01", "Stockholms län", "Stockholm County")
    assert len(stockholm.municipalities) == 26
    assert [owner.owner_type for owner in stockholm.owners.values()].count("kommunal") == 26
    assert [owner.owner_type for owner in stockholm.owners.values()].count("enskild") == 8
    assert len(stockholm.sources) == 34
    assert stockholm.municipalities["0186"].name == "Lidingö"


def test_the_second_county_has_five_municipalities(blekinge):
    names = {code: municipality.name for code, municipality in blekinge.municipalities.items()}
    assert names == {
        "1060": "Olofström",
        "1080": "Karlskrona",
        "1081": "Ronneby",
        "1082": "Karlshamn",
        "1083": "Sölvesborg",
    }
    assert blekinge.geojson_path is None


@pytest.mark.parametrize("config_dir", COUNTY_DIRS, ids=lambda path: path.name)
def test_every_municipality_has_one_owner_and_every_owner_one_source(config_dir):
    county = load_county(config_dir)
    owned = [owner.municipality_code for owner in county.owners.values() if owner.municipality_code]
    assert sorted(owned) == sorted(county.municipalities)
    assert sorted(source.owner for source in county.sources.values()) == sorted(county.owners)


@pytest.mark.parametrize("config_dir", COUNTY_DIRS, ids=lambda path: path.name)
def test_municipal_sources_are_named_after_their_municipality(config_dir):
    county = load_county(config_dir)
    for source in county.sources.values():
        code = county.owner_of(source.name).municipality_code
        assert source.name.startswith(f"{code}-" if code else "fri-")


@pytest.mark.parametrize("config_dir", COUNTY_DIRS, ids=lambda path: path.name)
def test_every_address_is_an_example(config_dir):
    for path in config_dir.glob("*.yml"):
        for address in re.findall(r"\S+@\S+", path.read_text(encoding="utf-8")):
            assert address.endswith(".example"), f"{path.name}: {address}"


def test_the_outlines_are_those_of_the_municipalities(stockholm):
    outlines = json.loads(stockholm.geojson_path.read_text(encoding="utf-8"))
    codes = {feature["properties"]["kommun_kod"] for feature in outlines["features"]}
    assert codes == set(stockholm.municipalities)


def test_a_source_takes_the_connection_of_its_name(stockholm):
    assert stockholm.sources["0114-upplands-vasby"].conn_id == "narvaro_0114_upplands_vasby"


def test_a_municipal_sources_letters_go_to_the_municipality(stockholm):
    assert stockholm.source_contact("0180-stockholm") == stockholm.municipalities["0180"].contact


def test_an_independent_sources_letters_go_to_its_owner(stockholm):
    contact = stockholm.source_contact("fri-internationella-engelska-skolan")
    assert (contact.email, contact.language) == ("franvaro@internationella-engelska-skolan.example", "en")


def test_an_owners_own_contact_goes_before_the_municipalitys(config_dir):
    path = config_dir / "owners.yml"
    contact = '    municipality_code: "1060"\n    contact: {email: skola@olofstrom.example}\n'
    path.write_text(path.read_text("utf-8").replace('    municipality_code: "1060"\n', contact), "utf-8")
    assert load_county(config_dir).source_contact("1060-olofstrom").email == "skola@olofstrom.example"


def test_an_unknown_source_is_answered_with_the_nearest(stockholm):
    with pytest.raises(ConfigError, match="Did you mean 0180-stockholm"):
        stockholm.source_contact("0180-stokholm")


def test_a_source_takes_the_countys_schedule_unless_it_has_its_own(config_dir):
    path = config_dir / "sources.yml"
    path.write_text(path.read_text("utf-8").replace("system:", 'schedule: "30 4 * * 1-5"\n    system:', 1), "utf-8")
    county = load_county(config_dir)
    assert county.schedule_of("1060-olofstrom") == "30 4 * * 1-5"
    assert county.schedule_of("1080-karlskrona") == "0 3 * * *"


def test_a_source_that_is_not_enabled_is_kept_but_not_read(config_dir):
    path = config_dir / "sources.yml"
    path.write_text(path.read_text("utf-8").replace("system:", "enabled: false\n    system:", 1), "utf-8")
    county = load_county(config_dir)
    assert "1060-olofstrom" in county.sources
    assert "1060-olofstrom" not in [source.name for source in county.enabled_sources]


def test_a_source_that_nobody_here_wrote_is_one_entry(config_dir):
    entry = """
  - name: fri-tegner
    owner: "5567497051"
    base_url: https://skoldata.example/ss12000/v2.0/
    token_url: https://skoldata.example/token
    page_size: 500
    resend_filters: always
    naive_timezone: Europe/Helsinki
"""
    with (config_dir / "sources.yml").open("a", encoding="utf-8") as file:
        file.write(entry)
    source = load_county(config_dir).sources["fri-tegner"]
    assert source.base_url == "https://skoldata.example/ss12000/v2.0"
    assert (source.conn_id, source.page_size, source.resend_filters) == ("narvaro_fri_tegner", 500, "always")


def test_a_county_without_sources_loads(config_dir):
    (config_dir / "sources.yml").write_text("sources: []\n", encoding="utf-8")
    assert load_county(config_dir).enabled_sources == ()


def test_unquoted_codes_and_words_stay_text(config_dir):
    path = config_dir / "municipalities.yml"
    text = path.read_text("utf-8").replace('"1060"', "1060").replace("name: Olofström", "name: no")
    path.write_text(text, "utf-8")
    assert load_county(config_dir).municipalities["1060"].name == "no"


@pytest.mark.parametrize(
    ("night", "bound"),
    [
        (date(2026, 9, 19), datetime(2026, 9, 19, 1, tzinfo=UTC)),
        (date(2027, 1, 19), datetime(2027, 1, 19, 2, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 2, tzinfo=UTC)),  # the clocks went back an hour before
        (date(2027, 3, 28), datetime(2027, 3, 28, 1, tzinfo=UTC)),  # the clocks go forward at that moment
    ],
)
def test_night_bound_is_three_oclock_local_time(stockholm, night, bound):
    assert stockholm.night_bound_at(night) == bound
    assert stockholm.night_bound_at(night).tzinfo is UTC


def test_night_of_changes_at_the_bound(stockholm):
    zone = ZoneInfo("Europe/Stockholm")
    assert stockholm.night_of(datetime(2026, 9, 19, 2, 59, 59, tzinfo=zone)) == date(2026, 9, 18)
    assert stockholm.night_of(datetime(2026, 9, 19, 3, 0, tzinfo=zone)) == date(2026, 9, 19)
    assert stockholm.night_of(datetime(2026, 9, 18, 23, 30, tzinfo=UTC)) == date(2026, 9, 18)


def test_school_year_of_a_day_has_its_terms_and_bounds(stockholm):
    year = stockholm.school_year_of(date(2026, 9, 1))
    assert year.bounds == (date(2026, 7, 1), date(2027, 6, 30))
    assert [term.term_code for term in year.terms] == ["2026HT", "2027VT"]


def test_a_school_year_that_is_not_entered_is_named(stockholm):
    with pytest.raises(ConfigError, match=r"calendar\.yml: no school year 2031/32\. Add its terms"):
        stockholm.school_year_of(date(2031, 9, 1))


@pytest.mark.parametrize("config_dir", COUNTY_DIRS, ids=lambda path: path.name)
def test_the_first_weeks_hold_one_common_study_day_and_one_of_some_municipalities(config_dir):
    county = load_county(config_dir)
    first, last = date(2026, 8, 17), date(2026, 9, 18)
    assert len(county.calendar.school_days(first, last)) == 24
    shorter = [code for code in county.municipalities if len(county.calendar.school_days(first, last, code)) == 23]
    assert len(shorter) == 2


def test_publication_knows_its_tables_and_thresholds(stockholm):
    tables = {table.name: table for table in stockholm.publication.tables}
    unit, county = tables["school_unit_absence_by_week"], tables["county_absence_by_term"]
    assert (stockholm.publication.threshold(unit), stockholm.publication.threshold(county)) == (10, 5)
    assert (unit.mart, unit.title("en")) == ("fct_absence_by_school_unit_week", "Absence by school unit and week")
    assert "persistent_10_count" in county.columns
    assert county.columns.count("pupils_count") == 1
    assert stockholm.publication.threshold(tables["school_units"]) == 0


@given(night=st.dates(date(2020, 1, 1), date(2035, 1, 1)), bound=st.sampled_from([time(0), time(2, 30), time(3)]))
@example(night=date(2027, 3, 28), bound=time(2, 30))  # a bound that the clocks skip
@example(night=date(2026, 10, 25), bound=time(2, 30))  # a bound that comes twice
def test_every_night_has_one_bound_and_every_moment_one_night(stockholm, night, bound):
    county = dataclasses.replace(stockholm, night_bound=bound)
    at = county.night_bound_at(night)
    assert county.night_of(at) == night
    assert county.night_of(at - timedelta(microseconds=1)) == night - timedelta(days=1)
    length = county.night_bound_at(night + timedelta(days=1)) - at
    assert timedelta(hours=23) <= length <= timedelta(hours=25)
