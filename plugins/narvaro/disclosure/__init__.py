"""Protect tables before they leave."""

from __future__ import annotations

from narvaro.disclosure.catalogue import CatalogueTable, Column, Level, load_catalogue
from narvaro.disclosure.protection import ProtectedTable, protect_marts
from narvaro.disclosure.threshold import Thresholds, ValueType, hide_small

__all__ = [
    "CatalogueTable",
    "Column",
    "Level",
    "ProtectedTable",
    "Thresholds",
    "ValueType",
    "hide_small",
    "load_catalogue",
    "protect_marts",
]
