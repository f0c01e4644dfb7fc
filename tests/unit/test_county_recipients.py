from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from narvaro.county import load_county
from narvaro.errors import ConfigError

BLEKINGE = Path(__file__).resolve().parents[2] / "config" / "blekinge"
KARLSKRONA, RONNEBY = "2120000829", "2120000837"
OFFICE = "skolkontoret@karlskrona.example"


@pytest.fixture
def county_with(tmp_path):
    """Give a county with a recipients.yml, and with some words of county.yml replaced."""

    def _county_with(recipients=None, **replaced):
        folder = Path(shutil.copytree(BLEKINGE, tmp_path / "config"))
        if recipients is not None:
            (folder / "recipients.yml").write_text(recipients, encoding="utf-8")
        county_file = folder / "county.yml"
        text = county_file.read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace(f"{old}:\n", f"{old}:\n  {new}\n")
        county_file.write_text(text, encoding="utf-8")
        return load_county(folder)

    return _county_with


def told(county, role, unit=None):
    return [one.email or one.conn_id for one in county.recipients_for(KARLSKRONA, role, unit)]


def test_without_the_file_the_contact_is_told_of_everything(county_with):
    county = county_with()
    assert {role: told(county, role) for role in ("register", "vendor")} == {"register": [OFFICE], "vendor": [OFFICE]}
    assert [one.email for one in county.engineers] == [county.contact.email]


def test_a_role_has_its_own_recipient_and_the_others_the_contact(county_with):
    county = county_with(
        f'recipients: [{{owner: "{KARLSKRONA}", roles: [timetable], email: schema@karlskrona.example, language: en}}]'
    )
    assert told(county, "timetable") == ["schema@karlskrona.example"]
    assert told(county, "reporting") == [OFFICE]
    assert [one.email for one in county.recipients_for(RONNEBY, "timetable")] == ["skolkontoret@ronneby.example"]


def test_units_and_channels_are_told_besides(county_with):
    county = county_with(f"""
recipients:
  - {{owner: "{KARLSKRONA}", school_units: ["12345678"], email: rektor@karlskrona.example}}
  - {{owner: "{KARLSKRONA}", conn_id: narvaro_teams_karlskrona}}
  - {{roles: [engineer], conn_id: narvaro_slack}}
""")
    assert told(county, "reporting") == [OFFICE, "narvaro_teams_karlskrona"]
    assert told(county, "reporting", "12345678") == [OFFICE, "rektor@karlskrona.example", "narvaro_teams_karlskrona"]
    assert [one.email or one.conn_id for one in county.engineers] == [county.contact.email, "narvaro_slack"]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (f'owner: "{KARLSKRONA}"', "the recipient has no address. Add email, or conn_id of a channel."),
        (f'owner: "{KARLSKRONA}", email: a@b.example, conn_id: c', "the recipient has two addresses."),
        ("email: a@b.example", "the recipient has no owner."),
        ('owner: "5567497069", email: a@b.example', "there is no owner 5567497069 in owners.yml."),
        (f'owner: "{KARLSKRONA}", email: a@b.example, roles: [timetabel]', "should be 'register', 'timetable'"),
        (f'owner: "{KARLSKRONA}", email: a@b.example, roles: []', "roles"),
        (f'owner: "{KARLSKRONA}", email: a@b.example, roles: [engineer]', "engineer is the region's own role"),
        (f'owner: "{KARLSKRONA}", email: a@b.example, school_units: ["1234567"]', "not a school unit code."),
        (f'owner: "{KARLSKRONA}", email: nobody', "not an e-mail address."),
        (f'owner: "{KARLSKRONA}", conn_id: "slack://secret/token"', "not the name of a connection."),
        (f'owner: "{KARLSKRONA}", e_mail: a@b.example', "Did you mean email?"),
    ],
)
def test_a_wrong_entry_is_told_with_its_file_and_line(county_with, entry, sentence):
    with pytest.raises(ConfigError) as caught:
        county_with(f"# who is told\nrecipients:\n  - {{{entry}}}\n")
    assert "recipients.yml:3: " in str(caught.value)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_one_address_has_one_language(county_with):
    with pytest.raises(ConfigError, match=r"recipients\.yml:4: entry 1 has the same address in another language"):
        county_with(f"""recipients:
  - {{owner: "{KARLSKRONA}", email: a@b.example}}
  - owner: "{RONNEBY}"
    language: en
    email: a@b.example
""")


def test_an_address_reads_one_language_wherever_it_stands(county_with):
    """The contact of municipalities.yml is Swedish; recipients.yml knows better."""
    county = county_with(f'recipients: [{{owner: "{KARLSKRONA}", roles: [timetable], email: {OFFICE}, language: en}}]')
    assert {one.language for role in ("timetable", "vendor") for one in county.recipients_for(KARLSKRONA, role)} == {
        "en"
    }


def test_no_day_is_quiet_unless_it_is_said(county_with):
    assert not county_with().is_quiet(date(2026, 9, 19))


def test_weekends_holidays_and_breaks_are_quiet_when_it_is_said(county_with):
    county = county_with(letters="quiet_days: [weekends, holidays, breaks]")
    saturday, all_saints, midsummer, epiphany = (
        date(2026, 9, 19),
        date(2026, 10, 31),
        date(2026, 7, 1),
        date(2026, 1, 6),
    )
    assert [county.is_quiet(day) for day in (saturday, all_saints, midsummer, epiphany)] == [True] * 4
    assert not county.is_quiet(date(2026, 9, 21))


def test_a_break_is_a_working_day_of_the_office_unless_it_is_said(county_with):
    county = county_with(letters="quiet_days: [weekends, holidays]")
    autumn_break = next(
        pause.start_date for year in county.calendar.school_years for pause in year.breaks if pause.name == "Höstlov"
    )
    assert not county.is_quiet(autumn_break)


def test_an_unknown_kind_of_quiet_day_is_an_error(county_with):
    with pytest.raises(ConfigError, match=r"county\.yml:\d+: letters, quiet_days"):
        county_with(letters="quiet_days: [sundays]")
