"""Who is looking: the session that a link or a sign-in opens, and what it may see."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from narvaro.alerts.links import COUNTY, Claim
from narvaro.errors import AlertError

if TYPE_CHECKING:
    from narvaro.alerts.links import Seal
    from narvaro.county import County
    from narvaro.ledger import IssueRecord

LONGEST = timedelta(hours=8)
_SESSION, _FORM = "session", "form"


@dataclass(frozen=True, slots=True)
class Session:
    """Whose pages are seen: one owner's, with a fingerprint that issue's only; `COUNTY` for everybody's.

    `person` is who has signed in, empty for whoever holds a link.
    """

    owner_id: str
    expires_at: datetime
    fingerprint: str = ""
    person: str = ""

    @classmethod
    def from_claim(cls, claim: Claim, now: datetime) -> Session:
        """Give the session that a link opens; it never outlives the link."""
        return cls(claim.owner_id, min(claim.expires_at, now + LONGEST), claim.fingerprint)

    @property
    def is_county(self) -> bool:
        """Whether every owner's pages may be seen."""
        return self.owner_id == COUNTY and not self.fingerprint

    def sees_source(self, county: County, source: str) -> bool:
        """Tell whether a source's pages may be seen; one that has left the configuration is nobody's."""
        if self.fingerprint or source not in county.sources:
            return False
        return self.is_county or county.sources[source].owner == self.owner_id

    def sees_issue(self, county: County, issue: IssueRecord) -> bool:
        """Tell whether an issue's page may be seen."""
        if self.fingerprint and self.fingerprint != issue.fingerprint:
            return False
        if self.owner_id == COUNTY:
            return True
        return issue.source in county.sources and county.sources[issue.source].owner == self.owner_id

    def name(self, county: County) -> str:
        """Name the office that looks, for the answers and the access log."""
        owner = county.owners.get(self.owner_id)
        return owner.name if owner else county.name()


def close_session(seal: Seal, session: Session, *, now: datetime) -> str:
    """Give the cookie of a session."""
    words = {"owner_id": session.owner_id, "fingerprint": session.fingerprint, "person": session.person}
    return seal.close(words, _SESSION, now=now, expires_at=session.expires_at)


def open_session(seal: Seal, cookie: str, *, now: datetime) -> Session | None:
    """Give the session of a cookie, None when it is not ours or is over."""
    try:
        words, expires_at = seal.open(cookie, _SESSION, now=now)
    except AlertError:
        return None
    return Session(words["owner_id"], expires_at, words["fingerprint"], words["person"])


def form_token(seal: Seal, cookie: str, session: Session, *, now: datetime) -> str:
    """Give the token that a form of this session must bring back."""
    return seal.close({"session": _digest(cookie)}, _FORM, now=now, expires_at=session.expires_at)


def is_own_form(seal: Seal, token: str, cookie: str, *, now: datetime) -> bool:
    """Tell whether a form was given out to this very session."""
    try:
        words, _ = seal.open(token, _FORM, now=now)
    except AlertError:
        return False
    return hmac.compare_digest(words["session"], _digest(cookie))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
