"""Who is told what, when: roles, units, answers, escalation, and days on which nobody is written to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from reported import BLEKINGE, NIGHT, RECIPIENT, an_answer, an_issue, text_of

from narvaro.alerts import compose_letters, quiet_nights_before
from narvaro.alerts.digest import letter_key
from narvaro.county import Recipient, load_county

KARLSKRONA = "2120000829"
# NIGHT is a Saturday.
SATURDAY, SUNDAY, MONDAY = NIGHT, NIGHT + timedelta(days=1), NIGHT + timedelta(days=2)
SCHEMA = "schema@karlskrona.example"


@pytest.fixture(scope="module")
def county():
    return load_county(BLEKINGE)


@pytest.fixture(scope="module")
def quiet_county(county):
    return replace(county, letters=county.letters.model_copy(update={"quiet_days": ("weekends",)}))


def with_recipients(county, *recipients):
    return replace(county, recipients=tuple(Recipient(owner=KARLSKRONA, **one) for one in recipients))


def recipients_of(letters):
    return [letter.recipient for letter in letters]


def test_each_role_gets_a_letter_of_its_own(county):
    split = with_recipients(county, {"roles": ("timetable",), "email": SCHEMA})
    issues = [an_issue(owner="timetable"), an_issue(rule="silent_source", owner="vendor")]
    theirs, office = compose_letters(split, NIGHT, issues)
    assert (theirs.recipient, theirs.role) == (SCHEMA, "timetable")
    assert (office.recipient, office.role) == (RECIPIENT, "vendor")
    assert "Inget svar" not in text_of(theirs)
    assert "Schemat" in text_of(theirs)


def test_one_address_that_holds_all_roles_gets_one_letter(county):
    same = with_recipients(county, *({"roles": (role,), "email": SCHEMA} for role in ("timetable", "vendor")))
    issues = [an_issue(owner="timetable"), an_issue(rule="silent_source", owner="vendor")]
    (letter,) = compose_letters(same, NIGHT, issues)
    assert (letter.recipient, letter.role) == (SCHEMA, "timetable,vendor")


def test_a_school_unit_is_told_of_its_own_faults_only(county):
    split = with_recipients(county, {"school_units": ("12345678",), "email": "rektor@karlskrona.example"})
    units = [an_issue(rule="reports_missing", school_unit_code=code) for code in ("12345678", "87654321")]
    head, office = compose_letters(split, NIGHT, units)
    assert head.recipient == "rektor@karlskrona.example"
    assert "87654321" not in text_of(head)
    assert "87654321" in text_of(office)


def test_a_verified_fault_is_silent_and_shown_as_such(county):
    verified = an_issue(event="seen", nights_seen=7, answer=an_answer("verified", until=date(2026, 12, 1)))
    assert compose_letters(county, NIGHT, [verified]) == []
    (letter,) = compose_letters(county, NIGHT, [verified, an_issue(rule="silent_source", record_ids=())])
    assert letter.subject.endswith("ett fel att rätta")
    assert "Vi påminner inte till och med 1 december 2026" in text_of(letter)
    assert "id-1" not in letter.message


def test_what_is_being_mended_is_not_reminded_of(county):
    acknowledged = an_issue(event="seen", nights_seen=7, answer=an_answer("acknowledged"))
    assert compose_letters(county, NIGHT, [acknowledged]) == []
    (letter,) = compose_letters(county, NIGHT, [acknowledged, an_issue(rule="silent_source")])
    assert "HÅLLER PÅ ATT RÄTTAS" in text_of(letter)
    assert "Ni svarade 18 september 2026 att felet håller på att rättas." in text_of(letter)


def test_letters_name_neither_who_answered_nor_why(county):
    answer = an_answer("acknowledged", answered_by="Anna Andersson", reason="Elev Elin är utskriven")
    (letter,) = compose_letters(county, NIGHT, [an_issue(event="seen", answer=answer), an_issue(rule="silent_source")])
    assert "Anna" not in letter.message
    assert "Elin" not in letter.message


def test_an_escalated_fault_is_told_to_the_region_and_to_the_owner_that_it_is(county):
    escalated = an_issue(event="seen", nights_seen=9, escalated_night=NIGHT)
    region, owner = compose_letters(county, NIGHT, [escalated])
    assert (region.recipient, owner.recipient) == (county.contact.email, RECIPIENT)
    assert "OLÖST HOS HUVUDMANNEN" in text_of(region)
    assert "KVARSTÅR" in text_of(owner)
    assert "Regionen är underrättad sedan: 19 september 2026" in text_of(owner)
    day_after = an_issue(event="seen", nights_seen=10, escalated_night=NIGHT)
    assert compose_letters(county, SUNDAY, [day_after]) == []
    assert len(compose_letters(county, MONDAY, [an_issue(event="resolved", escalated_night=NIGHT)])) == 2


def test_a_fault_that_comes_and_goes_is_told_once(county):
    (letter,) = compose_letters(county, NIGHT, [an_issue(event="reopened", flapping_since=NIGHT)])
    assert "Felet kommer och går" in text_of(letter)
    for event in ("reopened", "resolved", "seen"):
        assert compose_letters(county, SUNDAY, [an_issue(event=event, nights_seen=7, flapping_since=NIGHT)]) == []


def test_a_warning_of_a_weekend_waits_for_monday(quiet_county):
    warning = an_issue(severity="warning")
    assert compose_letters(quiet_county, SATURDAY, [warning]) == []
    assert quiet_nights_before(quiet_county, MONDAY) == [SATURDAY, SUNDAY]
    seen = replace(warning, event="seen", nights_seen=3)
    (letter,) = compose_letters(quiet_county, MONDAY, [seen], earlier={SATURDAY: [warning], SUNDAY: [seen]})
    assert letter.key == letter_key(MONDAY, RECIPIENT)
    assert "NYTT" in text_of(letter)


def test_critical_news_goes_on_a_sunday_too_unless_it_is_said(quiet_county):
    assert recipients_of(compose_letters(quiet_county, SUNDAY, [an_issue()])) == [RECIPIENT]
    waits = quiet_county.letters.model_copy(update={"critical_on_quiet_days": False})
    assert compose_letters(replace(quiet_county, letters=waits), SUNDAY, [an_issue()]) == []
    assert compose_letters(quiet_county, SUNDAY, [an_issue(event="seen", nights_seen=7)]) == []


def test_what_came_and_went_over_a_weekend_is_not_told(quiet_county):
    fault = an_issue(severity="warning")
    gone = replace(fault, event="resolved")
    assert compose_letters(quiet_county, MONDAY, [gone], earlier={SATURDAY: [fault]}) == []
    assert compose_letters(quiet_county, MONDAY, [], earlier={SATURDAY: [fault], SUNDAY: [gone]}) == []


def test_what_was_mended_over_a_weekend_is_thanked_for_on_monday(quiet_county):
    (letter,) = compose_letters(quiet_county, MONDAY, [], earlier={SUNDAY: [an_issue(event="resolved")]})
    assert letter.subject == "Närvarodata 21 september: åtgärdat, tack"


def test_a_reminder_that_falls_on_a_sunday_comes_on_monday(quiet_county):
    sunday, monday = (an_issue(event="seen", nights_seen=nights) for nights in (7, 8))
    assert len(compose_letters(quiet_county, MONDAY, [monday], earlier={SUNDAY: [sunday]})) == 1


def test_what_a_sundays_letter_told_is_no_news_on_monday(quiet_county):
    told, seen = an_issue(), an_issue(event="seen", nights_seen=2)
    written = {letter_key(SUNDAY, RECIPIENT)}
    assert compose_letters(quiet_county, MONDAY, [seen], earlier={SUNDAY: [told]}, written=written) == []


def test_mondays_letter_written_anew_is_the_same(quiet_county):
    """A second try of the night finds its own letter in the outbox."""
    warning = an_issue(severity="warning")
    seen = replace(warning, event="seen", nights_seen=3)
    first = compose_letters(quiet_county, MONDAY, [seen], earlier={SATURDAY: [warning]})
    again = compose_letters(
        quiet_county, MONDAY, [seen], earlier={SATURDAY: [warning]}, written={letter.key for letter in first}
    )
    assert first == again
    assert len(first) == 1


def test_ten_thousand_issues_are_one_letter_that_can_be_read(county):
    units = [
        an_issue(rule=f"rule_{number % 100}", school_unit_code=f"{number:08d}", record_ids=(f"id-{number}",))
        for number in range(10_000)
    ]
    (letter,) = compose_letters(county, NIGHT, units)
    text = text_of(letter)
    assert letter.subject == "Närvarodata 19 september: 10\xa0000 fel att rätta"
    assert "Skolenheter till med samma fel: 50" in text
    assert "Fel till som inte får plats i brevet: 60" in text
    assert "har de första 5\xa0000 av 20\xa0000 rader" in text
    assert len(letter.message) < 2_000_000
