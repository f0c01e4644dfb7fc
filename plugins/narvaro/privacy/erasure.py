"""Erased pupils: who they are, sealed, and how rows of theirs are taken out of a table."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.fernet import Fernet, InvalidToken

from narvaro.errors import PrivacyError
from narvaro.privacy.keys import Key
from narvaro.privacy.rekeying import Rekeyer

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)

# A group's newest load replaces all its members: a group that lost its row would take an older set back.
_EMPTIED = "group_memberships"
_EMPTIED_COLUMNS = ("person_id", "start_date", "end_date", "is_protected")


@dataclass(frozen=True, slots=True)
class ErasedPupil:
    """A pupil that is refused: the human being's pseudonym, and the records by which sources name it."""

    pupil_id: str = field(repr=False)
    people: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)

    def seal(self, key: Key) -> str:
        """Give it encrypted, so that no search through the stores meets a pseudonym."""
        content = {"keys": len(key.key_ids), "pupil": self.pupil_id, "people": sorted(self.people)}
        return _fernet(key).encrypt(json.dumps(content).encode()).decode("ascii")

    @classmethod
    def unseal(cls, key: Key, sealed: str) -> ErasedPupil:
        """Give back what was sealed, its pseudonyms by the key as it is now.

        Raises:
            PrivacyError: it was sealed by another key.
        """
        try:
            content = json.loads(_fernet(key).decrypt(sealed.encode("ascii")))
        except InvalidToken:
            message = (
                "The list of erased pupils was sealed by another pseudonym key: without it they would be let in again. "
                "Restore the key from its safe."
            )
            raise PrivacyError(message) from None
        rekeyer = Rekeyer(key, content["keys"])
        people = frozenset((source, rekeyer.person_id(person_id)) for source, person_id in content["people"])
        return cls(rekeyer.pupil_id(content["pupil"]), people)


def without_rows(entity: str, rows: Rows, is_doomed: pa.BooleanArray | pa.ChunkedArray) -> Rows:
    """Give rows of an entity without the doomed ones; a membership stays as an empty group's row."""
    if entity != _EMPTIED:
        return rows.filter(pc.invert(is_doomed))
    for name in _EMPTIED_COLUMNS:
        place = rows.schema.get_field_index(name)
        kept = pc.if_else(is_doomed, pa.scalar(None, rows.schema.field(place).type), rows.column(place))
        rows = rows.set_column(place, rows.schema.field(place), kept)
    return rows


def _fernet(key: Key) -> Fernet:
    """Give the lock of the list: it rests on the first secret, which no rotation changes."""
    return Fernet(base64.urlsafe_b64encode(key.for_purpose("erasure")))
