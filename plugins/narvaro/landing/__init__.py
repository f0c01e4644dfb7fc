"""Keeps what came: immutable Parquet with a manifest, whole or absent."""

from __future__ import annotations

from narvaro.landing.manifest import LandedFile, Manifest, load_files, read_manifest, verify_load
from narvaro.landing.night import NightLanding
from narvaro.landing.sweep import sweep

__all__ = ["LandedFile", "Manifest", "NightLanding", "load_files", "read_manifest", "sweep", "verify_load"]
