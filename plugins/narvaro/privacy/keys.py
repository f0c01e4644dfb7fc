"""The secret that every pseudonym rests on, and those that rotations have put upon it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from narvaro.errors import PrivacyError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A secret key; neither its `repr` nor its pickled form shows it.

    `later` are the secrets that rotations have added, oldest first: a pseudonym is keyed by the
    first secret, and what comes of it by each later one (docs/adr/0060).
    """

    secret: bytes = field(repr=False)
    later: tuple[bytes, ...] = field(default=(), repr=False)

    def for_purpose(self, purpose: str) -> bytes:
        """Derive the first secret's key of one purpose, so that pseudonyms of two purposes never meet."""
        return _purpose_key(self.secret, purpose)

    def chain(self, purpose: str) -> tuple[bytes, ...]:
        """Derive the keys of one purpose, one of each secret, in the order in which they are applied."""
        return tuple(_purpose_key(secret, purpose) for secret in (self.secret, *self.later))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Public names of the secrets, oldest first."""
        return tuple(
            hmac.digest(secret, b"narvaro/key-id/1", "sha256").hex()[:16] for secret in (self.secret, *self.later)
        )

    @property
    def key_id(self) -> str:
        """A public name of the key as a whole, to tell whether two loads were keyed alike."""
        return ".".join(self.key_ids)

    def in_force(self, key_ids: Sequence[str]) -> Key:
        """Give the key as it was with just these secrets.

        Raises:
            PrivacyError: they are not the first of this key's secrets: it is another key.
        """
        count = len(key_ids)
        if not count or self.key_ids[:count] != tuple(key_ids):
            message = (
                f"The pseudonym key {self.key_id} is not the one that the landed rows are keyed by "
                f"({'.'.join(key_ids)}). Restore that one from its safe; another would split every pupil."
            )
            raise PrivacyError(message)
        return Key(self.secret, self.later[: count - 1])

    def extended(self) -> Key:
        """Give this key with a new secret put upon it."""
        return Key(self.secret, (*self.later, secrets.token_bytes(KEY_BYTES)))

    def to_text(self) -> str:
        """Write the key as it is kept: a line of hexadecimal digits per secret, oldest first."""
        return "".join(f"{secret.hex()}\n" for secret in (self.secret, *self.later))

    def __reduce__(self) -> tuple[object, ...]:
        message = "A key is not to be pickled. Pass the path of its file and load it there."
        raise PrivacyError(message)


def new_key() -> Key:
    """Make up a key."""
    return Key(secrets.token_bytes(KEY_BYTES))


def key_from_text(text: str, origin: str) -> Key:
    """Read a key: hexadecimal digits, a line or a word per secret; the text itself never reaches an error.

    Raises:
        PrivacyError: it is not a key; `origin` says where it came from.
    """
    try:
        found = [bytes.fromhex(word) for word in text.split()]
    except ValueError:
        message = f"{origin}: not a pseudonym key. Wanted {KEY_BYTES * 2} hexadecimal digits; restore it from its safe."
        raise PrivacyError(message) from None
    shortest = min(map(len, found), default=0)
    if shortest < KEY_BYTES:
        message = f"{origin}: {shortest} bytes of key, wanted {KEY_BYTES} or more. Restore it from its safe."
        raise PrivacyError(message)
    if len(set(found)) < len(found):
        message = f"{origin}: the pseudonym key holds the same secret twice. Restore it from its safe."
        raise PrivacyError(message)
    return Key(found[0], tuple(found[1:]))


def _purpose_key(secret: bytes, purpose: str) -> bytes:
    """Derive one secret's key of one purpose."""
    return hmac.digest(secret, b"narvaro/purpose/1/" + purpose.encode(), "sha256")
