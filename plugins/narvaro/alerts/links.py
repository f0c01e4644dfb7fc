"""The links of a letter: sealed, expiring, each good for one owner and one purpose."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Who may see every owner: the county's own contact.
COUNTY = "county"
STATUS = "status"
ANSWER = "answer"
LIFETIMES = {STATUS: timedelta(days=30), ANSWER: timedelta(days=30)}
SHORTEST_SECRET = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,4096}={0,2}")
_EXPIRY = "until"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says: whose pages may be seen, with a fingerprint that issue's only, and until when."""

    owner_id: str
    expires_at: datetime
    fingerprint: str = ""


class Seal:
    """Seals words into tokens that nobody else can read, make or use for another purpose.

    Of several secrets the first seals and all of them open, so that a secret can be replaced while
    links that were sent are still good.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or min(map(len, secrets)) < SHORTEST_SECRET:
            message = f"The secret of the web pages must have {SHORTEST_SECRET} characters or more. Make a longer one."
            raise AlertError(message)
        self._secrets = tuple(secrets)

    def close(self, words: Mapping[str, Any], purpose: str, *, now: datetime, expires_at: datetime) -> str:
        """Give the token of some words that is good until a moment."""
        text = json.dumps({**words, _EXPIRY: int(expires_at.timestamp())})
        return self._fernet(purpose).encrypt_at_time(text.encode(), int(now.timestamp())).decode("ascii")

    def open(self, token: str, purpose: str, *, now: datetime) -> tuple[dict[str, Any], datetime]:
        """Give the words of a token, and until when it is good.

        Raises:
            AlertError: it is not ours, was made for another purpose, or is no longer good.
        """
        try:
            # The decoder would let pass what stands after a token's padding.
            whole = token if _TOKEN.fullmatch(token) else ""
            words: dict[str, Any] = json.loads(self._fernet(purpose).decrypt(whole))
        except InvalidToken:
            message = "The link is not one of ours, or it is damaged. Use the newest letter's."
            raise AlertError(message) from None
        expires_at = datetime.fromtimestamp(words.pop(_EXPIRY), UTC)
        if expires_at <= now:
            message = "The link is no longer good. Use the newest letter's."
            raise AlertError(message)
        return words, expires_at

    def _fernet(self, purpose: str) -> MultiFernet:
        return MultiFernet([Fernet(_key(secret, purpose)) for secret in self._secrets])


class Links:
    """Makes the links to the web pages of an installation, and reads them."""

    def __init__(self, base_url: str, secret: str | Sequence[str]) -> None:
        self.base_url = base_url.rstrip("/")
        self.seal = Seal([secret] if isinstance(secret, str) else secret)

    def status_page(self, owner_id: str, *, now: datetime) -> str:
        """Give the link to an owner's status page; `COUNTY` for everybody's."""
        return self._link(STATUS, owner_id, "", now)

    def answer_page(self, fingerprint: str, owner_id: str, *, now: datetime) -> str:
        """Give the link to one issue's page, where it may be answered; it opens no other page."""
        return self._link(ANSWER, owner_id, fingerprint, now)

    def read(self, token: str, purpose: str, now: datetime) -> Claim:
        """Give what a link's token says.

        Raises:
            AlertError: it is not ours, was made for another purpose, or is no longer good.
        """
        words, expires_at = self.seal.open(token, purpose, now=now)
        return Claim(words["owner_id"], expires_at, words["fingerprint"])

    def _link(self, purpose: str, owner_id: str, fingerprint: str, now: datetime) -> str:
        words = {"owner_id": owner_id, "fingerprint": fingerprint}
        token = self.seal.close(words, purpose, now=now, expires_at=now + LIFETIMES[purpose])
        return f"{self.base_url}/in/{purpose}?token={quote(token)}"


def _key(secret: str, purpose: str) -> bytes:
    """Give a purpose's own key; what one of them seals, no other opens."""
    derived = HKDF(SHA256(), length=32, salt=None, info=f"narvaro/web/{purpose}".encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
