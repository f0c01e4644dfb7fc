"""By when a run must be over: a time of day in the county, which Airflow has no reference for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from narvaro.orchestration.airflow_troubles import tell_late_figures

if TYPE_CHECKING:
    from narvaro.county import County

# Airflow's own table of runs, as much of it as is asked: its models are the server's, and not ours to import.
_RUNS = sa.table(
    "dag_run",
    sa.column("dag_id", sa.Text),
    sa.column("run_id", sa.Text),
    sa.column("run_after", sa.DateTime(timezone=True)),
)


@dataclass
class TimeOfDay(BaseDeadlineReference):
    """A time of the day on which a run begins; a run that begins later has no deadline.

    Airflow's scheduler reads it back by way of our plugin, see preload.py.
    """

    clock: str = "00:00:00"
    timezone: str = "UTC"
    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def serialize_reference(self) -> dict[str, Any]:
        """Give what Airflow keeps of it."""
        return super().serialize_reference() | {"clock": self.clock, "timezone": self.timezone}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> TimeOfDay:
        """Give what Airflow kept."""
        return cls(reference_data["clock"], reference_data["timezone"])

    def deadline_of(self, begins_at: datetime) -> datetime | None:
        """Give by when a run that begins at a moment must be over."""
        local = begins_at.astimezone(ZoneInfo(self.timezone))
        deadline = datetime.combine(local.date(), time.fromisoformat(self.clock), tzinfo=local.tzinfo)
        return deadline if begins_at < deadline else None

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:  # noqa: ANN401
        """Give the deadline of a run, asked by the scheduler when it makes the run."""
        statement = sa.select(_RUNS.c.run_after).where(_RUNS.c.dag_id == dag_id, _RUNS.c.run_id == run_id)
        begins_at: datetime | None = session.execute(statement).scalar()
        if begins_at is None:
            return None
        # SQLite gives times back without their zone; Airflow's are UTC.
        return self.deadline_of(begins_at if begins_at.tzinfo else begins_at.replace(tzinfo=UTC))


def figures_deadline(county: County) -> DeadlineAlert | None:
    """Give the alert that the county's figures are missing, None when the county wants none."""
    if county.figures_by is None:
        return None
    return DeadlineAlert(
        reference=TimeOfDay(county.figures_by.isoformat(), str(county.timezone)),
        interval=timedelta(0),
        # In the executor, for a triggerer is not part of every installation.
        callback=SyncCallback(tell_late_figures),
        name="figures_by",
    )
