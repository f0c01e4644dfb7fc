"""The simulator's own levers over HTTP: clock, faults, counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from narvaro.simulator.calendar import seconds
from narvaro.simulator.faults import EVERY_SOURCE, Fault
from narvaro.simulator.wire.request import WireError, bad_request

if TYPE_CHECKING:
    from narvaro.simulator.wire.app import SimulatedServers

_FAULTS = TypeAdapter(tuple[Fault, ...])


def moved(servers: SimulatedServers, name: str, content: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Move a lever when there is content; give its state.

    Raises:
        WireError: there is no such lever, or it does not move that way.
        ValueError: the content is not what the lever takes.
    """
    if name == "clock":
        if content is not None:
            now = datetime.fromisoformat(str(content["now"])) if "now" in content else None
            if now is None or now.tzinfo is None:
                raise bad_request("Give now as a date-time with an offset.")
            servers.clock = seconds(now)
        return {"now": datetime.fromtimestamp(servers.clock, UTC).isoformat()}
    if name == "faults":
        if content is not None:
            servers.faults = _checked(servers, _FAULTS.validate_python(content))
        return [fault.model_dump(mode="json", exclude_unset=True) for fault in servers.faults]
    if name == "stats" and content is None:
        return dict(sorted(servers.requests.items()))
    raise WireError(404, "not_found", "There is no such lever.")


def _checked(servers: SimulatedServers, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Refuse faults of sources that are not there."""
    known = {EVERY_SOURCE, *(source.name for source in servers.world.sources)}
    if not {fault.source for fault in faults} <= known:
        raise bad_request("A fault names a source that is not there.")
    return faults
