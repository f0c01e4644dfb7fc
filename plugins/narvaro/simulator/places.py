"""The school units of the county's sources, and how many pupils each grade has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from narvaro.simulator import seeds
from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import FORMS, Float, Int64, Units

if TYPE_CHECKING:
    from narvaro.county import County

_GYMNASIUM_GRADES = 3
_GIRLS_SHARE = 0.487


def units_of(county: County) -> pd.DataFrame:
    """Give the seed rows of every source's owner, ordered by source, with the source's place."""
    known = seeds.school_units()
    parts = []
    for place, source in enumerate(county.sources.values()):
        owner = county.owners[source.owner]
        if owner.owner_type == "kommunal":
            rows = known[(known.municipality_code == owner.municipality_code) & (known.owner_type == "kommunal")]
        else:
            is_in_county = known.municipality_code.isin(list(county.municipalities))
            rows = known[(known.owner_id == source.owner) & is_in_county]
        parts.append(rows.assign(source=place))
    return pd.concat(parts, ignore_index=True) if parts else known.iloc[:0].assign(source=0)


def unit_table(rows: pd.DataFrame) -> Units:
    """Give the seed rows as a table of the world."""
    return Units(
        source=rows.source.to_numpy(np.int16),
        code=tuple(rows.school_unit_code),
        name=tuple(rows["name"]),
        municipality_code=tuple(rows.municipality_code),
        form=rows.school_form.map(FORMS.index).to_numpy(np.int8),
        latitude=rows.lat.to_numpy(np.float64),
        longitude=rows.lng.to_numpy(np.float64),
    )


def pupils_per_grade(rows: pd.DataFrame, seed: int, scale: float) -> pd.DataFrame:
    """Give the simulated pupils of every unit and grade: unit, source, form, grade, pupils, girls_share."""
    expected = pd.concat([_compulsory(rows), _gymnasium(rows)], ignore_index=True)
    expected = expected.sort_values(["source", "unit", "grade"], kind="stable", ignore_index=True)
    draws = generator(seed, "pupils per grade")
    counts = np.zeros(len(expected), np.int64)
    for places in expected.groupby("source").indices.values():
        counts[places] = _rounded(expected.expected.to_numpy()[places] / scale, draws.random())
    return expected.assign(pupils=counts)


def _rounded(expected: Float, start: float) -> Int64:
    """Round so that every running total is kept: small units get their share of whole pupils."""
    counts: Int64 = np.diff(np.floor(np.r_[0, np.cumsum(expected)] + start)).astype(np.int64)
    return counts


def _compulsory(rows: pd.DataFrame) -> pd.DataFrame:
    """Spread the municipality's pupils over its units by size; other owners' units are even."""
    units = rows.assign(unit=np.arange(len(rows)))
    units = units[units.school_form == "GR"]
    known = seeds.pupils_by_grade()
    girls = known[known.owner_type == "alla"].set_index("municipality_code").girls_pct / 100
    municipal = known[known.owner_type == "kommunal"].set_index("municipality_code")
    is_municipal = (units.owner_type == "kommunal").to_numpy()
    total = units.pupils.where(is_municipal, 0).groupby(units.municipality_code).transform("sum")
    share = units.pupils / total.where(total > 0, 1)
    parts = []
    for grade in seeds.GRADES:
        of_municipality = units.municipality_code.map(municipal[f"grade_{grade}"]).astype(np.float64).fillna(0)
        count = np.where(is_municipal, of_municipality * share, units.pupils / len(seeds.GRADES))
        girls_share = units.municipality_code.map(girls).astype(np.float64).fillna(_GIRLS_SHARE)
        parts.append(_part(units, grade, count, girls_share))
    return pd.concat(parts)


def _gymnasium(rows: pd.DataFrame) -> pd.DataFrame:
    """Spread the pupils of upper secondary units evenly over three grades."""
    units = rows.assign(unit=np.arange(len(rows)))
    units = units[units.school_form == "GY"]
    count = (units.pupils / _GYMNASIUM_GRADES).to_numpy()
    girls_share = pd.Series(_GIRLS_SHARE, index=units.index)
    return pd.concat([_part(units, grade, count, girls_share) for grade in range(1, _GYMNASIUM_GRADES + 1)])


def _part(units: pd.DataFrame, grade: int, count: Float, girls_share: pd.Series) -> pd.DataFrame:
    """Give one grade's expected pupils of several units."""
    return pd.DataFrame(
        {
            "source": units.source.to_numpy(),
            "unit": units.unit.to_numpy(),
            "form": units.school_form.map(FORMS.index).to_numpy(),
            "grade": grade,
            "expected": np.asarray(count, np.float64),
            "girls_share": girls_share.to_numpy(),
            "is_independent": (units.owner_type == "enskild").to_numpy(),
        }
    )
