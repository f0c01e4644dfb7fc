"""Holds rows against the standard's own document, of which whoever asks brings a copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from narvaro.errors import SettingsError
from narvaro.sources.ss12000.probe.check import Check, warning
from narvaro.sources.ss12000.probe.evidence import Evidence

_SHOWN = 6
_LOOKED_AT = 50


class Document:
    """The document, with what it demands and does not define taken out."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self._schemas: dict[str, Any] = content["components"]["schemas"]
        self._names = frozenset(_names_of(self._schemas))
        for schema in self._schemas.values():
            # The published file demands properties that it does not have: no row could satisfy it.
            if "properties" in schema and "required" in schema:
                schema["required"] = [name for name in schema["required"] if name in schema["properties"]]

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read the document.

        Raises:
            SettingsError: the file is no OpenAPI document of SS 12000.
        """
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if "/attendances" in content["paths"]:
                return cls(content)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError):
            # Told below, with the file that can be read and is another one; the reader's own words may hold values.
            pass
        message = f"{path} is no OpenAPI document of SS 12000. Wanted the standard's own file, as YAML or JSON."
        raise SettingsError(message)

    def problems(self, path: str, rows: list[dict[str, Any]]) -> Counter[str]:
        """Count what the rows of a list do otherwise than the document, by field and rule; never a value."""
        from openapi_schema_validator import OAS30Validator

        if path not in self._content["paths"]:
            return Counter()
        body = self._content["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        validator = OAS30Validator(
            {**body, "components": self._content["components"]}, format_checker=OAS30Validator.FORMAT_CHECKER
        )
        errors = validator.iter_errors({"data": rows[:_LOOKED_AT]})
        # One rule may be broken twice in a row; rows are what is counted.
        found = {
            (_row_number(error.absolute_path), f"{self._place(error.absolute_path)} ({_rule(error)})")
            for error in errors
        }
        return Counter(problem for _, problem in found)

    def _place(self, path: Any) -> str:  # noqa: ANN401 - a deque of the validator's
        """Name a field as the document does; any other key may be data in a key's place."""
        names = [part for part in path if part in self._names]
        return ".".join(names).removeprefix("data.") or "the row"


def _names_of(schema: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a document
    """Give the names of all properties."""
    if isinstance(schema, dict):
        yield from (name for name in schema.get("properties") or () if isinstance(name, str))
        for part in schema.values():
            yield from _names_of(part)


def checks_of_document(evidence: Evidence, document: Document) -> Iterator[Check]:
    """Give a check per list that has rows."""
    for path, sample in evidence.samples.items():
        if not sample.rows:
            continue
        found = document.problems(path, sample.rows)
        shown = [f"{place}: {count} rows" for place, count in found.most_common(_SHOWN)]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        seen = (
            ", ".join(shown) + more if found else f"{min(len(sample.rows), _LOOKED_AT)} rows are as the document says"
        )
        yield warning(f"document:{path}", not found, seen, "Send what the document describes.")


def _row_number(path: Any) -> int:  # noqa: ANN401 - a deque of the validator's
    """Give the place of the row in its page."""
    return next((part for part in path if isinstance(part, int)), 0)


def _rule(error: Any) -> str:  # noqa: ANN401 - the validator's own error
    """Name the rule that a row does not meet; of what is missing also the name, which the document has."""
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"lacks {' or '.join(missing)}"
    return (
        f"{error.validator}: {error.validator_value}" if error.validator in ("type", "format") else str(error.validator)
    )
