from __future__ import annotations

import dataclasses
from datetime import timedelta
from html.parser import HTMLParser
from string import Formatter

import pytest
import yaml
from reported import BLEKINGE, NIGHT, PROJECT_DIR, RECIPIENT, an_issue, html_of, parsed, text_of

from narvaro.alerts import compose_letters
from narvaro.alerts.words import texts
from narvaro.county import load_county
from narvaro.errors import AlertError
from narvaro.sources.contract import ENTITIES


@pytest.fixture(scope="module")
def county():
    return load_county(BLEKINGE)


@pytest.fixture(scope="module")
def english_county(county):
    offices = {
        code: office.model_copy(update={"contact": office.contact.model_copy(update={"language": "en"})})
        for code, office in county.municipalities.items()
    }
    return dataclasses.replace(county, municipalities=offices)


def the_letter(county, *issues):
    (letter,) = compose_letters(county, NIGHT, issues)
    return letter


def test_a_letter_says_what_how_many_where_since_when_and_what_to_do(county):
    text = text_of(the_letter(county, an_issue(count=1_234)))
    for words in ("Orimliga närvarominuter", "1\xa0234", "1080-karlskrona", "19 september 2026", "id-2", "Gör så här"):
        assert words in text
    assert "Fler poster har samma fel" in text


def test_html_and_text_say_the_same(county):
    letter = the_letter(county, an_issue(), an_issue(rule="silent_source", record_ids=(), count=1))
    html = html_of(letter)
    for words in ("Orimliga närvarominuter", "Inget svar från ert system", "id-1", "19 september 2026"):
        assert words in html
        assert words in text_of(letter)


def test_one_letter_per_recipient_and_night(county):
    issues = [an_issue(), an_issue(rule="silent_source"), an_issue(source="1081-ronneby")]
    letters = compose_letters(county, NIGHT, issues)
    assert [letter.recipient for letter in letters] == [RECIPIENT, "skolkontoret@ronneby.example"]
    assert letters[0].key == f"2026-09-19/{RECIPIENT}"
    assert letters[0].subject == "Närvarodata 19 september: 2 fel att rätta"


def test_a_letter_is_valid_mail(county):
    message = parsed(the_letter(county, an_issue()))
    assert message.defects == []
    kinds = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"]
    assert [part.get_content_type() for part in message.walk()] == kinds
    assert message["To"] == RECIPIENT
    assert message["From"].addresses[0].addr_spec == county.letters.sender_address
    assert message["Reply-To"] == county.letters.reply_to
    assert message["Subject"] == "Närvarodata 19 september: ett fel att rätta"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@" + county.letters.sender_address.partition("@")[2] + ">")
    assert all(part.defects == [] for part in message.walk())


def test_the_same_night_gives_the_same_bytes(county):
    assert the_letter(county, an_issue()) == the_letter(county, an_issue())
    (other,) = compose_letters(county, NIGHT + timedelta(days=1), [an_issue()])
    assert parsed(other)["Message-ID"] != parsed(the_letter(county, an_issue()))["Message-ID"]


def test_english_is_written_to_those_who_chose_it(english_county):
    letter = the_letter(english_county, an_issue(count=1_234), an_issue(rule="unheard_of"))
    assert letter.language == "en"
    assert letter.subject == "Attendance data 19 September: 2 faults to mend"
    text = text_of(letter)
    assert "1,234 attendance records" in text
    assert "English note." in text
    assert "Svensk anmärkning" not in text
    assert '<html lang="en">' in html_of(letter)


def test_a_rule_without_words_of_its_own_speaks_by_its_note(county):
    text = text_of(the_letter(county, an_issue(rule="unheard_of", count=1)))
    assert "Svensk anmärkning." in text
    assert "En post från 1080-karlskrona har ett fel." in text


def test_a_note_says_what_it_is_and_how_to_mend_it(county):
    note = "Lektionen saknar aktivitet. Koppla den. Tack."
    entities = {"entities": ["lessons", "activities"]}
    text = text_of(the_letter(county, an_issue(rule="unheard_of", count=7, note_sv=note, details=entities)))
    assert "* Lektionen saknar aktivitet\r\n" in text
    assert "7 poster från 1080-karlskrona har samma fel." in text
    assert "Gör så här: Koppla den. Tack." in text
    assert "Gäller: aktiviteter, lektioner" in text


def test_a_rule_without_words_says_whether_it_is_about_units_or_the_whole_source(county):
    unit = an_issue(rule="odd_jump", school_unit_code="12345678", record_ids=(), count=3)
    text = text_of(the_letter(county, unit, an_issue(rule="late_delivery", record_ids=(), count=1)))
    assert "En skolenhets uppgifter från 1080-karlskrona har felet." in text
    assert "Leveransen från 1080-karlskrona har felet." in text


def test_units_of_one_fault_stand_together(county):
    def unit(code, name, *weeks):
        details = {"school_unit_name": name, "periods": list(weeks)}
        return an_issue(rule="reports_missing", school_unit_code=code, count=len(weeks), record_ids=(), details=details)

    text = text_of(
        the_letter(county, unit("11111111", "Björkskolan", "2026-W37", "2026-W38"), unit("2", "", "2026-W08"))
    )
    assert text.count("Närvaro är inte rapporterad") == 1
    assert "För 2 skolenheter" in text
    assert "- Björkskolan (11111111), veckorna 37, 38" in text
    assert "- 2 (2), vecka 8" in text


def test_new_open_and_mended_have_sections_of_their_own(county):
    issues = [an_issue(event="seen"), an_issue(rule="silent_source", event="resolved"), an_issue(rule="odd_grade")]
    text = text_of(the_letter(county, *issues))
    assert text.index("NYTT") < text.index("KVARSTÅR") < text.index("ÅTGÄRDAT")
    assert text.count("Tack, detta är åtgärdat.") == 1


def test_all_mended_is_a_thank_you(county):
    letter = the_letter(county, an_issue(event="resolved", count=0))
    assert letter.subject == "Närvarodata 19 september: åtgärdat, tack"
    assert "id-1" not in letter.message


def test_no_news_sends_no_letter_but_a_weekly_reminder(county):
    def sent(nights):
        return len(compose_letters(county, NIGHT, [an_issue(event="seen", nights_seen=nights)]))

    assert [nights for nights in range(2, 16) if sent(nights)] == [7, 14]


def test_a_withdrawn_issue_is_not_written_about(county):
    assert compose_letters(county, NIGHT, [an_issue(event="withdrawn")]) == []
    assert "silent" not in text_of(the_letter(county, an_issue(), an_issue(rule="silent_source", event="withdrawn")))


def test_no_issues_no_letters(county):
    assert compose_letters(county, NIGHT, []) == []


def test_a_source_that_left_the_configuration_goes_to_the_engineer(county):
    assert the_letter(county, an_issue(source="1999-gone")).recipient == county.contact.email


def test_hostile_text_stays_text(county):
    hostile = '<script>alert("x")</script>'
    issue = an_issue(
        rule="reports_missing",
        school_unit_code=hostile,
        record_ids=(hostile,),
        details={"school_unit_name": hostile, "reason": hostile + "\nBcc: victim@kommun.example", "periods": [hostile]},
    )
    letter = the_letter(county, issue, an_issue(rule="unheard_of", note_sv=hostile))
    assert "<script" not in html_of(letter)
    assert "&lt;script&gt;" in html_of(letter)
    assert hostile in text_of(letter)
    assert parsed(letter)["Bcc"] is None


def test_a_name_with_line_breaks_makes_no_lines_of_its_own(county):
    hostile = "Björkskolan\n\nNYTT\n* Allt är bra"
    issue = an_issue(school_unit_code="1\n2", record_ids=("a\nb",), details={"school_unit_name": hostile})
    text = text_of(the_letter(county, issue))
    assert "  - Björkskolan NYTT * Allt är bra (1 2)" in text
    assert "  - a b" in text
    assert text.count("NYTT") == 2


class Outline(HTMLParser):
    """Collects what a reader without eyes meets."""

    def __init__(self):
        super().__init__()
        self.headings, self.open, self.attributes = [], [], {}

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(int(tag[1]))
        self.attributes.setdefault(tag, []).append(dict(attrs))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_well_formed_accessible_and_fits_a_telephone(county):
    outline = Outline()
    outline.feed(html_of(the_letter(county, an_issue(), an_issue(rule="silent_source", event="resolved"))))
    assert outline.open == []
    assert outline.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert outline.attributes["html"] == [{"lang": "sv"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in outline.attributes["meta"]
    # Tables hold facts, with headers that say of what; nothing may be fetched on opening.
    assert {tuple(cell) for cell in outline.attributes["th"]} == {("scope", "style")}
    assert len(outline.attributes["caption"]) == len(outline.attributes["table"])
    assert not {"img", "link", "script"} & set(outline.attributes)


def test_both_languages_have_the_same_words():
    def keys(words, path=()):
        if isinstance(words, str):
            return {path}
        return {found for name, inner in words.items() for found in keys(inner, (*path, name))}

    # A form for a number may be missing where the language does not bend.
    assert keys(texts("sv")) == keys(texts("en"))


def test_letters_have_a_word_for_every_list():
    assert set(texts("sv")["entities"]) == set(ENTITIES)


def test_both_languages_fill_in_the_same():
    def blanks(words, path=()):
        if isinstance(words, str):
            return {path: {name for _, name, *_ in Formatter().parse(words) if name}}
        return {found: names for name, inner in words.items() for found, names in blanks(inner, (*path, name)).items()}

    swedish, english = blanks(texts("sv")), blanks(texts("en"))
    # "one" may say the number in words.
    differing = {path for path in swedish if swedish[path] != english[path] and path[-1] != "one"}
    assert differing == set()


def test_what_we_did_not_read_is_told_to_ourselves_and_blames_no_owner(county):
    letter = the_letter(county, an_issue(rule="not_read", record_ids=(), count=1))
    assert letter.recipient == county.contact.email
    assert "av skäl som är våra egna" in text_of(letter)


def test_a_language_without_texts_is_a_clear_error():
    with pytest.raises(AlertError, match="no letters in fi"):
        texts("fi")


def test_rules_with_words_of_their_own_exist():
    suites = [yaml.safe_load(path.read_text()) for path in (PROJECT_DIR / "expectations").rglob("*.yml")]
    known = {expectation["id"] for suite in suites for expectation in suite["expectations"]}
    assert set(texts("sv")["rules"]) <= known | {
        "not_read",
        "silent_source",
        "wrong_shape",
        "too_many_quarantined",
        "held_deletions",
        "records_left_out",
        "short_pull",
        "unknown_references",
        "surplus_minutes",
        "capability_changed",
        "disputed_identity",
        "other",
        "other_units",
        "other_source",
    }
