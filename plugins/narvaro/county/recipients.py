"""Who is told what: recipients.yml, which a county need not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field

from narvaro.county.model import OwnersFile
from narvaro.county.problem import did_you_mean
from narvaro.county.values import Email, Entry, Language, OrganisationNumber

# Who mends a fault: the keepers of the register, the timetable and the registers of attendance, the system's
# supplier. The engineer is the region's own, and belongs to no school owner.
Role = Literal["register", "timetable", "reporting", "vendor", "engineer"]
OwnerRole = Literal["register", "timetable", "reporting", "vendor"]
ENGINEER: Final = "engineer"
OWNER_ROLES: tuple[Role, ...] = get_args(OwnerRole)


def _school_unit_code(text: str) -> str:
    """Demand eight digits."""
    if not re.fullmatch(r"[0-9]{8}", text):
        message = "not a school unit code. Write its eight digits in quotes."
        raise ValueError(message)
    return text


def _conn_id(text: str) -> str:
    """Demand the name of a connection; the error does not repeat it, for an address in its place is a secret."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", text):
        message = "not the name of a connection. Keep the address in an Airflow connection, and write its conn_id."
        raise ValueError(message)
    return text


class Recipient(Entry):
    """Somebody who is told of faults: an e-mail address gets letters, a connection gets counts and links."""

    owner: OrganisationNumber | None = Field(
        default=None, description="The owner_id whose faults are told; the role `engineer` has none."
    )
    roles: tuple[Role, ...] = Field(
        default=OWNER_ROLES, min_length=1, description="The faults that are theirs to mend; all of them when absent."
    )
    school_units: tuple[Annotated[str, AfterValidator(_school_unit_code)], ...] = Field(
        default=(), description="Only these school units' faults, told to them besides; every unit when absent."
    )
    email: Email | None = Field(default=None, description="Functional address that gets letters.")
    conn_id: Annotated[str, AfterValidator(_conn_id)] | None = Field(
        default=None, description="Airflow connection of a channel (Teams, Slack, webhook) that gets counts and links."
    )
    language: Language = Field(default="sv", description="Language of the letters: sv or en.")


class RecipientsFile(Entry):
    """recipients.yml: who is told what, beside the contacts."""

    recipients: tuple[Recipient, ...] = Field(description="One entry per address and what is told there.")


Place = tuple[str | int, ...]


def recipient_problems(recipients: Sequence[Recipient], owners: OwnersFile) -> Iterator[tuple[Place, str]]:
    """Give what does not fit together in recipients.yml: place and sentence."""
    owner_ids = {owner.owner_id for owner in owners.owners}
    languages: dict[str, tuple[int, Language]] = {}
    for index, recipient in enumerate(recipients):
        place: Place = ("recipients", index)
        yield from ((place + inside, sentence) for inside, sentence in _of_one(recipient, owner_ids))
        first, language = languages.setdefault(recipient.email or "", (index, recipient.language))
        if recipient.email and language != recipient.language:
            sentence = f"entry {first + 1} has the same address in another language. Write the same in both."
            yield (*place, "language"), sentence


def _of_one(recipient: Recipient, owner_ids: set[str]) -> Iterator[tuple[Place, str]]:
    """Give what an entry lacks or has too much."""
    if recipient.email is None and recipient.conn_id is None:
        yield (), "the recipient has no address. Add email, or conn_id of a channel."
    if recipient.email is not None and recipient.conn_id is not None:
        yield ("conn_id",), "the recipient has two addresses. Make an entry of each."
    is_ours = ENGINEER in recipient.roles
    if is_ours and (recipient.roles != (ENGINEER,) or recipient.owner or recipient.school_units):
        yield ("roles",), "engineer is the region's own role: alone, without owner and school_units. Correct the entry."
    if not is_ours and recipient.owner is None:
        yield (), "the recipient has no owner. Add the owner_id whose faults are told."
    if recipient.owner is not None and recipient.owner not in owner_ids:
        sentence = f"there is no owner {recipient.owner} in owners.yml. {did_you_mean(recipient.owner, owner_ids)}"
        yield ("owner",), sentence
