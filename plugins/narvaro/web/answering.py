"""The answers to an issue: it is being mended, the data are right, or neither after all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from narvaro.errors import LedgerError
from narvaro.ledger.answers import MAX_REASON_LENGTH
from narvaro.privacy import masked
from narvaro.web.forms import Form
from narvaro.web.showing import LONGEST_SILENCE, issue_page, own_issue
from narvaro.web.view import Entered, View

router = APIRouter()
_KINDS = {"acknowledged", "verified", "withdrawn"}
LONGEST_WHO = 100


@dataclass
class Answer:
    """An answer as it was posted, and by field what is wrong with it."""

    kind: str
    who: str
    reason: str
    until: date | None = None
    wrong: dict[str, str] = field(default_factory=dict)


@router.post("/issues/{fingerprint:path}", name="answer")
def answer_issue(view: Entered, form: Form, fingerprint: str) -> Response:
    """Take an answer to one issue."""
    issue = own_issue(view, fingerprint)
    if not view.site.limits.allow_answer(view.visit):
        raise HTTPException(429)
    if form.get("kind") not in _KINDS:
        raise HTTPException(400)
    answer = read_answer(view, form)
    if not answer.wrong:
        try:
            view.site.ledger.answer_issue(
                fingerprint,
                answer.kind,
                by=_signature(view, answer),
                reason=answer.reason,
                until=answer.until,
                at=view.site.now(),
            )
        except LedgerError:
            # Mended meanwhile, or answered by somebody else.
            answer.wrong["form"] = view.words.text("issue.refused")
    if answer.wrong:
        return issue_page(view, issue, wrong=answer.wrong, given=form)
    return view.to("issue", "?done=1", fingerprint=fingerprint)


def read_answer(view: View, form: dict[str, str]) -> Answer:
    """Read what was posted; what looks like a civic number is hidden before anybody keeps it."""
    person = view.require_session().person
    who, reason = (masked(" ".join(form.get(name, "").split())) for name in ("who", "reason"))
    answer = Answer(form["kind"], person or who, reason)
    limits = {"who": LONGEST_WHO, "reason": MAX_REASON_LENGTH}
    for name, text in (("who", answer.who), ("reason", answer.reason)):
        if len(text) > limits[name]:
            answer.wrong[name] = view.words.text("issue.too_long", longest=limits[name])
    if not answer.who:
        answer.wrong["who"] = view.words.text("issue.need_who")
    if answer.kind == "verified":
        _read_verification(view, form, answer)
    return answer


def _read_verification(view: View, form: dict[str, str], answer: Answer) -> None:
    """Read what only a verification needs: why, and until when."""
    if not answer.reason:
        answer.wrong["reason"] = view.words.text("issue.need_reason")
    today = view.site.today()
    try:
        answer.until = date.fromisoformat(form.get("until", ""))
    except ValueError:
        answer.until = None
    if answer.until is None or not today < answer.until <= today + LONGEST_SILENCE:
        answer.wrong["until"] = view.words.text("issue.need_until")


def _signature(view: View, answer: Answer) -> str:
    """Give who answers: the office that the session is for, and the person in their own words."""
    return f"{view.require_session().name(view.site.county)}: {answer.who}"
