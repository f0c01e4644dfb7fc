from __future__ import annotations

from email.message import EmailMessage

import pytest
from ledger_builders import NEXT_NIGHT, NIGHT, SOURCE, a_finding, a_letter, a_load, a_verdict

from narvaro.errors import LedgerError
from narvaro.ledger import Ledger, LoadFile, RemovalRecord, RemovalRun

RUN = RemovalRun("0a1b2c3d", "erasure", "anna", "asked for", sealed=("gAAA",))


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def test_load_rests_on_its_new_files_and_the_receipt_names_the_old(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.begin_removal(RUN)
    files = (LoadFile("part-0000-2.parquet", 2, 90, "cafe"),)
    step = RemovalRecord(RUN.run_id, "erasure", 1, SOURCE, "lessons", a_load().load_id, ("part-0000.parquet",))
    ledger.remove_from_load(a_load().load_id, files, step)
    (load,) = ledger.loads()
    assert (load.files, load.rows, load.bytes) == (files, 2, 90)
    (kept,) = ledger.removals(RUN.run_id)
    assert (kept.rows, kept.files, kept.load_id) == (1, ("part-0000.parquet",), load.load_id)
    assert kept.removed_at is not None


def test_step_on_an_unknown_load_leaves_no_receipt(ledger):
    ledger.begin_removal(RUN)
    with pytest.raises(LedgerError, match="No load"):
        ledger.remove_from_load("nobody", (), RemovalRecord(RUN.run_id, "erasure", 1))
    assert ledger.removals() == []


def test_run_goes_from_begun_to_done_to_lifted(ledger):
    ledger.begin_removal(RUN)
    with pytest.raises(LedgerError, match="No finished erasure"):
        ledger.lift_erasure(RUN.run_id)
    ledger.add_seal(RUN.run_id, "gBBB")
    assert ledger.seals(RUN.run_id) == ("gAAA", "gBBB")
    ledger.finish_removal(RUN.run_id)
    assert [run.status for run in ledger.removal_runs(kind="erasure", status="done")] == ["done"]
    ledger.lift_erasure(RUN.run_id)
    (run,) = ledger.removal_runs()
    assert (run.status, run.sealed) == ("lifted", ())
    assert ledger.removal_runs(kind="retention") == []


def test_ids_are_forgotten_and_what_was_counted_stands(ledger):
    ledger.record_landing(SOURCE, NIGHT, [a_load()])
    ledger.settle_accepted(SOURCE, NIGHT, [a_verdict()], {})
    ledger.record_findings(NIGHT, [a_finding()], checked=[(SOURCE, "rows")])
    ledger.queue_letter(a_letter(message=a_message("see id-1")))
    assert ledger.forget_record_ids({"id-1"}) == 3
    (verdict,) = ledger.verdicts()
    (issue,) = ledger.issues()
    assert (verdict.failures[0].record_ids, verdict.failures[0].count) == (("id-2",), 2)
    assert (issue.record_ids, issue.count) == (("id-2",), 2)
    assert ledger.letters() == []
    assert ledger.forget_record_ids({"id-1"}) == 0


def test_sent_letter_that_names_an_id_keeps_its_place_and_loses_its_text(ledger):
    ledger.queue_letter(a_letter(message=a_message("åse: id-1")))
    ledger.mark_sent(a_letter().key)
    assert ledger.forget_record_ids({"id-1"}) == 1
    (letter,) = ledger.letters()
    assert (letter.message, letter.status) == ("", "sent")


def test_old_ids_are_forgotten_and_newer_ones_stay(ledger):
    for night in (NIGHT, NEXT_NIGHT):
        load = a_load(night=night, load_id=f"{night:%Y%m%d}-x")
        ledger.record_landing(SOURCE, night, [load])
        ledger.settle_accepted(SOURCE, night, [a_verdict(load_id=load.load_id)], {})
    ledger.record_findings(NIGHT, [a_finding()], checked=[(SOURCE, "rows")])
    assert ledger.forget_record_ids_before(NEXT_NIGHT) == 1
    assert [verdict.failures[0].record_ids for verdict in ledger.verdicts()] == [(), ("id-1", "id-2")]
    # An open issue is what a school still has to look for.
    assert ledger.open_issues()[0].record_ids == ("id-1", "id-2")


def test_reason_that_names_an_id_is_emptied_and_the_answer_stands(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=[(SOURCE, "rows")])
    (issue,) = ledger.issues()
    for reason in ("we look for id-1", "we look on"):
        ledger.answer_issue(issue.fingerprint, "acknowledged", by="anna", reason=reason)
    assert ledger.forget_record_ids({"id-1"}) == 2
    assert [(answer.reason, answer.answered_by) for answer in ledger.answers()] == [
        ("", "anna"),
        ("we look on", "anna"),
    ]


def test_reasons_of_old_mended_issues_are_emptied(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=[(SOURCE, "rows")])
    (issue,) = ledger.issues()
    ledger.answer_issue(issue.fingerprint, "acknowledged", by="anna", reason="soon")
    assert ledger.forget_record_ids_before(NEXT_NIGHT) == 0
    ledger.record_findings(NEXT_NIGHT, [], checked=[(SOURCE, "rows")])
    assert ledger.forget_record_ids_before(NEXT_NIGHT) == 2
    assert [answer.reason for answer in ledger.answers()] == [""]


def test_letter_whose_text_is_gone_is_not_sent_again(ledger):
    ledger.queue_letter(a_letter(message=a_message("see id-1")))
    ledger.mark_given_up(a_letter().key, "answer 550")
    assert ledger.forget_record_ids_before(NEXT_NIGHT) == 1
    with pytest.raises(LedgerError, match="No letter"):
        ledger.requeue_letter(a_letter().key)


def test_scrubbed_ledger_holds_no_byte_of_what_was_forgotten(sqlite_url, tmp_path):
    ledger = Ledger.open(sqlite_url)
    needle = "6f0d4c2e-secret-of-a-row"
    ledger.record_findings(NIGHT, [a_finding(record_ids=(needle,))], checked=[(SOURCE, "rows")])
    assert needle.encode() in all_bytes(tmp_path)
    ledger.forget_record_ids({needle})
    ledger.scrub()
    assert needle.encode() not in all_bytes(tmp_path)


def test_ledger_on_a_server_is_scrubbed_too(postgresql_url):
    ledger = Ledger.open(postgresql_url)
    ledger.begin_removal(RUN)
    ledger.scrub()
    assert ledger.removal_runs() != []


def all_bytes(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def a_message(text):
    message = EmailMessage()
    message["Subject"] = "Närvarodata"
    message.set_content(text, cte="base64")
    return message.as_string()
