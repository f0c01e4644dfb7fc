"""Whether the school units that recipients.yml names are there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.county.problem import did_you_mean
from narvaro.county.yaml_file import read_yaml
from narvaro.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narvaro.orchestration.line import Line


def require_known_units(line: Line) -> None:
    """Demand that the school units in recipients.yml are their owners' own; before the first build none is known.

    Raises:
        ConfigError: one line for each that is not.
    """
    if not line.settings.warehouse_path.is_file() or not any(one.school_units for one in line.county.recipients):
        return
    from narvaro.warehouse import read_only

    with read_only(line.settings.warehouse_path) as warehouse:
        rows = warehouse.execute("select school_unit_code, owner_id from marts.dim_school_unit").fetchall()
    owners = dict(rows)
    file = read_yaml(line.county.config_dir / "recipients.yml")
    problems = [
        file.problem(("recipients", index, "school_units", place), _stranger(code, owners))
        for index, recipient in enumerate(line.county.recipients)
        for place, code in enumerate(recipient.school_units)
        if owners.get(code) != recipient.owner
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def _stranger(code: str, owners: Mapping[str, str]) -> str:
    if code in owners:
        return f"the school unit {code} is another owner's. Correct the code or the owner."
    return f"there is no school unit {code} in what the sources have given. {did_you_mean(code, owners)}"
