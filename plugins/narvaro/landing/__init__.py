"""Keeps what came: immutable Parquet with a manifest, whole or absent."""

from __future__ import annotations

from narvaro.landing.checkpoint import Checkpoints, FileCheckpoints
from narvaro.landing.control_totals import WeekMinutes, week_minutes
from narvaro.landing.erasing import OWN_IDS, FoundRows, find_rows, keep_only, told_rows, write_without
from narvaro.landing.expiry import STEPS, expired_rows
from narvaro.landing.key_state import has_loads, keys_in_force, put_keys_in_force
from narvaro.landing.manifest import LandedFile, Manifest, load_files, read_manifest, verify_load
from narvaro.landing.marks import hidden_people, marked_people
from narvaro.landing.night import NightLanding
from narvaro.landing.pupil_records import PersonRecord, person_records
from narvaro.landing.references import REFERRED_TO, Unresolved, has_never_come, unresolved, witnesses
from narvaro.landing.standing import RECORDS, standing_rows
from narvaro.landing.sweep import remove_unknown_loads, stale_stagings, sweep
from narvaro.landing.switching import (
    Staged,
    all_sources_locked,
    end_switch,
    is_switching,
    landed_manifests,
    planned_keys,
    stage_all,
    switch,
)
from narvaro.landing.vanishing import CHECKS, Loss, absent_ids, is_emptied, losses

__all__ = [
    "CHECKS",
    "OWN_IDS",
    "RECORDS",
    "REFERRED_TO",
    "STEPS",
    "Checkpoints",
    "FileCheckpoints",
    "FoundRows",
    "LandedFile",
    "Loss",
    "Manifest",
    "NightLanding",
    "PersonRecord",
    "Staged",
    "Unresolved",
    "WeekMinutes",
    "absent_ids",
    "all_sources_locked",
    "end_switch",
    "expired_rows",
    "find_rows",
    "has_loads",
    "has_never_come",
    "hidden_people",
    "is_emptied",
    "is_switching",
    "keep_only",
    "keys_in_force",
    "landed_manifests",
    "load_files",
    "losses",
    "marked_people",
    "person_records",
    "planned_keys",
    "put_keys_in_force",
    "read_manifest",
    "remove_unknown_loads",
    "stage_all",
    "stale_stagings",
    "standing_rows",
    "sweep",
    "switch",
    "told_rows",
    "unresolved",
    "verify_load",
    "week_minutes",
    "witnesses",
    "write_without",
]
