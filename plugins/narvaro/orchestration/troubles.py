"""Telling the engineer of what broke: into the outbox first, and out at once when the post is there."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.alerts import FIGURES_LATE, RUN_FAILED, engineer_letters
from narvaro.errors import (
    AlertError,
    BusyError,
    DoorClosedError,
    NarvaroError,
    SettingsError,
    SourceDeniedError,
    SourceError,
    SourceShapeError,
)
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.deciding import explain_brake
from narvaro.orchestration.letters import send_waiting

if TYPE_CHECKING:
    from datetime import date, datetime

    from narvaro.orchestration.line import Line

_log = logging.getLogger(__name__)
NIGHT_HELD = "night_held"
LANDING_TASKS = frozenset({"land_source", "judge_loads"})
# The owner's letter tells these: the machinery has done its work.
_THEIRS = (SourceError, SourceDeniedError, SourceShapeError, DoorClosedError)
_LONGEST_REASON = 1500
_LANDING, _TIMED_OUT = "landing", "timed_out"
# How a source's night may end without anything of ours having failed.
_SETTLED = frozenset({"accepted", "held", "refused", "silent"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that broke on a night; `about` makes it the same thing however often it is told."""

    kind: str
    night: date
    about: str
    what: str
    reason: str


def tell_engineer(line: Line, trouble: Trouble) -> int:
    """Queue a trouble's letters and send what waits; give how many are new.

    One that was queued before is not told again, and a mail server that is down keeps none from being queued.
    """
    about = f"{trouble.night.isoformat()}/{trouble.about}"
    words = {"what": trouble.what, "reason": trouble.reason}
    letters = engineer_letters(line.county, trouble.night, trouble.kind, about=about, **words)
    new = sum(line.ledger.queue_letter(letter) for letter in letters)
    if new:
        try:
            send_waiting(line)
        except (AlertError, BusyError, SettingsError) as error:
            _log.warning("the letter to the engineer waits in the outbox: %s", error)
    return new


def task_failure(night: date, *, dag_id: str, task_id: str, error: BaseException | str | None) -> Trouble | None:
    """Give the trouble that a failed task is, None when it is the source's own and its owner's letter tells it."""
    is_landing = task_id in LANDING_TASKS
    if is_landing and isinstance(error, _THEIRS):
        return None
    kind = type(error).__name__ if isinstance(error, BaseException) else "killed"
    # Only our own errors are known to hold no value from data.
    said = " ".join(str(error).split())[:_LONGEST_REASON] if isinstance(error, NarvaroError) else ""
    # A full disk fails every source of the night: told once, with the first of them, and not thirty times.
    about = f"{_LANDING}/{task_id}/{kind}" if is_landing else f"{dag_id}/{task_id}/{kind}"
    return Trouble(RUN_FAILED, night, about, f"{dag_id}.{task_id}", f"{kind}: {said}" if said else kind)


def run_failure(line: Line, night: date, *, dag_id: str, reason: str) -> Trouble | None:
    """Give the trouble that a failed run is, None when one of its tasks has told of it, or its source's owner is told.

    `reason` is Airflow's: timed_out, task_failure and the like.
    """
    if reason == _TIMED_OUT:
        return Trouble(RUN_FAILED, night, f"{dag_id}/{reason}", dag_id, "timed out")
    source = next((name for name in line.county.sources if landing_dag_id(name) == dag_id), None)
    record = line.ledger.night(source, night) if source else None
    if record is not None and record.status in _SETTLED:
        return None
    scope = _LANDING if source else dag_id
    told = f"{RUN_FAILED}/{night.isoformat()}/{scope}/"
    if any(letter.key.startswith(told) for letter in line.ledger.letters(night)):
        return None
    return Trouble(RUN_FAILED, night, f"{scope}/killed", dag_id, "killed")


def late_figures(line: Line, night: date, *, state: str, deadline_at: datetime) -> Trouble | None:
    """Give the trouble that missing figures are, None when the run has succeeded or published after all."""
    if state == "success" or any(release.night >= night for release in line.ledger.releases()):
        return None
    wanted = deadline_at.astimezone(line.county.timezone).strftime("%H:%M")
    return Trouble(FIGURES_LATE, night, "county", wanted, f"build_county: {state}")


def held_night(line: Line, source: str, night: date) -> Trouble | None:
    """Give the trouble that a night which waits for an answer is, None when it does not wait."""
    for brake in line.ledger.brakes(source, status="pending", night=night):
        return Trouble(NIGHT_HELD, night, source, source, explain_brake(brake))
    return None
