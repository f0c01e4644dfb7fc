"""A planted fault: of which source, of what kind, at which requests, from when to when."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from narvaro.errors import ConfigError
from narvaro.simulator.fault_kinds import BUILT, DEFAULTS, FAULT_KINDS, LASTING, OWN_RESOURCE, SHAPES

EVERY_SOURCE = "*"


class Fault(BaseModel):
    """One planted fault in one source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1, description='Name of the source; "*" for every source.')
    kind: str = Field(description="What goes wrong: a kind of docs/simulator.md.")
    resource: str | None = Field(
        default=None,
        description="The resource that shows it, such as attendances, attendances/lookup, attendances/id or token; "
        "all but token when absent.",
    )
    from_request: int = Field(default=1, ge=1, description="The first of its resource's requests that shows it.")
    times: int | None = Field(default=None, ge=1, description="How many requests show it; all that follow when absent.")
    rows: int = Field(default=25, ge=1, description="How many rows, objects or requests, where the kind counts some.")
    share: float = Field(default=0.5, ge=0, le=1, description="Which share of the rows, where the kind takes one.")
    seconds: int = Field(default=60, description="How many seconds, where the kind takes some.")
    status: int = Field(default=400, ge=200, le=599, description="Status of the answer, where the kind has a choice.")
    retry_after: str = Field(default="none", description="busy: none, date (`seconds` ahead), or the header's text.")
    shape: str = Field(default="", description="Which variety of the kind; the first of docs/simulator.md when absent.")
    fields: tuple[str, ...] = Field(default=(), description="Names of fields or filters, where the kind takes some.")
    from_date: date | None = Field(default=None, description="First day of a built fault; half of the weeks on.")
    until_date: date | None = Field(default=None, description="missing_reports, reporting_jump: last day, if any.")
    unit: int = Field(default=1, ge=1, description="Which unit of the source, the largest first; of built faults.")
    weekday: int = Field(default=4, ge=0, le=4, description="Which weekday, Monday 0, where the kind takes one.")
    active_from: AwareDatetime | None = Field(default=None, description="First simulated moment; not of built faults.")
    active_until: AwareDatetime | None = Field(default=None, description="Last simulated moment; not of built faults.")

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, content: Any) -> Any:  # noqa: ANN401 - whatever a file holds
        """Fill in what holds for the kind."""
        if not isinstance(content, dict):
            return content
        kind = content.get("kind")
        known = kind if isinstance(kind, str) else ""
        shape = {"shape": SHAPES[known][0]} if known in SHAPES else {}
        resource = {"resource": OWN_RESOURCE[known]} if known in OWN_RESOURCE else {}
        given = {key: value for key, value in content.items() if key != "resource" or value is not None}
        if isinstance(given.get("resource"), str):
            given["resource"] = given["resource"].removeprefix("/")
        return {**shape, **resource, **DEFAULTS.get(known, {}), **given}

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        """Refuse an unknown kind."""
        if kind not in FAULT_KINDS:
            message = f"there is no fault {kind!r}; known are {', '.join(FAULT_KINDS)}"
            raise ValueError(message)
        return kind

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        """Refuse an unknown variety, and single requests where there are none."""
        if self.shape not in SHAPES.get(self.kind, ("",)):
            message = f"{self.kind} has no shape {self.shape!r}; known are {', '.join(SHAPES.get(self.kind, ()))}"
            raise ValueError(message)
        if self.kind in LASTING | BUILT and (self.from_request > 1 or self.times is not None):
            message = f"{self.kind} shows in no single request: use active_from and active_until"
            raise ValueError(message)
        return self

    def is_of(self, source: str) -> bool:
        """Tell whether a source has this fault."""
        return self.source in (source, EVERY_SOURCE)

    def is_active(self, clock: datetime) -> bool:
        """Tell whether a fault of the wire shows at a simulated time."""
        after_start = self.active_from is None or clock >= self.active_from
        return after_start and (self.active_until is None or clock < self.active_until)


_FAULTS = TypeAdapter(tuple[Fault, ...])


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a file of faults: a list, or a list under the key `faults` as in `simulator.yml`.

    Raises:
        ConfigError: the file cannot be read or holds a wrong value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or ()
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        raise ConfigError(f"{path}: not readable as YAML. Write a list of faults; see docs/simulator.md.") from None
    try:
        return _FAULTS.validate_python(content.get("faults", ()) if isinstance(content, dict) else content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {place or 'the file'}: {first['msg']}. See docs/simulator.md.") from None
