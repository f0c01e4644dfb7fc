"""Protect tables before they leave."""

from __future__ import annotations

from narvaro.disclosure.columns import Column, columns_named, publishable_columns
from narvaro.disclosure.protection import ProtectedTable, protect_marts
from narvaro.disclosure.threshold import ValueType, hide_small

__all__ = [
    "Column",
    "ProtectedTable",
    "ValueType",
    "columns_named",
    "hide_small",
    "protect_marts",
    "publishable_columns",
]
