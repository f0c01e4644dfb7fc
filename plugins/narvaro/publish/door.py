"""The last door: refuse a table that holds anything but what its list says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from narvaro.publish.tables import TableLike

# Words that name a human or a human's key, in the ways that our entities and SS 12000 spell them.
_PERSONAL_NAME = re.compile(
    r"(^|_)(pupil|person|student|guardian|child|elev|barn|vardnadshavare)(_?(id|key|uuid|name|code))?$"
    r"|civic|personnummer|personnr|samordning|pseudonym|given_name|family_name|first_name|last_name"
    r"|e_?mail|phone|telefon|address|adress|birth|fodel|security_marking|skyddad|protected|^id$|^_|_load_id$",
    re.IGNORECASE,
)
# A pseudonym of ours, a civic number of twelve digits, a UUID.
_PERSONAL_VALUE = r"^([0-9a-f]{32}|(19|20)[0-9]{6}[-+]?[0-9]{4}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def refuse_unlisted(tables: Iterable[TableLike]) -> None:
    """Check that every table holds its listed columns, and nothing that looks like a person's.

    Raises:
        PublishError: a column is unlisted, missing, or is named or filled like a person's id.
    """
    seen: set[str] = set()
    for table in tables:
        listed = [column.name for column in table.columns]
        if table.name in seen or not _NAME.fullmatch(table.name):
            message = f"{table.name}: a table's name must be in snake_case and come once. Correct publication.yml."
            raise PublishError(message)
        seen.add(table.name)
        if unlisted := sorted(set(table.data.column_names) - set(listed)):
            message = f"{table.name}: not listed for publication: {', '.join(unlisted)}. List it or leave it out."
            raise PublishError(message)
        if table.data.column_names != listed:
            message = f"{table.name}: columns differ from the list in number or order: wanted {', '.join(listed)}."
            raise PublishError(message)
        if personal := [name for name in listed if _is_personal(name, table.data[name])]:
            message = f"{table.name}: like a person's data: {', '.join(personal)}. Nothing of a person may leave."
            raise PublishError(message)


def _is_personal(name: str, column: pa.ChunkedArray) -> bool:
    """Tell whether a column is named, or any of its texts is written, like a person's id."""
    if _PERSONAL_NAME.search(name) or not _NAME.fullmatch(name):
        return True
    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, _PERSONAL_VALUE, ignore_case=True)).as_py())
