"""What one reading of a source needs beside the rows themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from narvaro.privacy import Pseudonymiser
from narvaro.sources.ss12000.reasons import ReasonCodes
from narvaro.sources.ss12000.wire import Syllabus

_NO_SYLLABUS = Syllabus(id="")


@dataclass(frozen=True, slots=True)
class Context:
    """The source's pseudonyms, time zones and syllabuses."""

    pseudonymiser: Pseudonymiser
    timezone: ZoneInfo
    naive_timezone: ZoneInfo
    # Whether a time without an offset is news of this source, and nobody has said what it means.
    has_offsets: bool = False
    # None: written reasons are not even decoded.
    reasons: ReasonCodes | None = None
    syllabuses: dict[str, Syllabus] = field(default_factory=dict)

    def syllabus(self, syllabus_id: str | None) -> Syllabus:
        """Give what is taught, or a syllabus without words when the source does not tell."""
        return self.syllabuses.get(syllabus_id or "", _NO_SYLLABUS)
