"""Pseudonyms, the key they rest on, and the marks of protected identity."""

from __future__ import annotations

from narvaro.privacy.keys import Key, load_key, load_or_create_key
from narvaro.privacy.protection import is_protected
from narvaro.privacy.pseudonyms import Pseudonymiser

__all__ = ["Key", "Pseudonymiser", "is_protected", "load_key", "load_or_create_key"]
