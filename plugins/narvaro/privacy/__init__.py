"""Pseudonyms, the key they rest on, and the marks of protected identity."""

from __future__ import annotations

from narvaro.privacy.erasure import ErasedPupil, without_rows
from narvaro.privacy.key_file import load_key, load_or_create_key, replace_key
from narvaro.privacy.keys import Key, key_from_text, new_key
from narvaro.privacy.masking import masked
from narvaro.privacy.protection import is_protected
from narvaro.privacy.pseudonyms import Pseudonymiser
from narvaro.privacy.rekeying import DELETED_COLUMNS, KEYED_COLUMNS, Rekeyer

__all__ = [
    "DELETED_COLUMNS",
    "KEYED_COLUMNS",
    "ErasedPupil",
    "Key",
    "Pseudonymiser",
    "Rekeyer",
    "is_protected",
    "key_from_text",
    "load_key",
    "load_or_create_key",
    "masked",
    "new_key",
    "replace_key",
    "without_rows",
]
