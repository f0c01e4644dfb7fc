"""What Airflow is told of us: in agreement with the hook, and no field that nobody reads."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.metadata import entry_points

from narvaro.orchestration.hook import Ss12000Hook
from narvaro.orchestration.provider import CONN_NAME, CONN_TYPE, FIELDS, provider_info
from narvaro.settings import PROJECT_DIR
from narvaro.sources.ss12000.tls import Identity


def test_package_names_itself_to_airflow():
    found = [point for point in entry_points(group="apache_airflow_provider") if point.dist.name == "narvaro"]
    assert [point.load() for point in found] == [provider_info]
    assert provider_info()["package-name"] == "narvaro"


def test_hook_and_provider_agree():
    declared = provider_info()["connection-types"][0]
    assert declared["connection-type"] == Ss12000Hook.conn_type == CONN_TYPE
    assert declared["hook-name"] == Ss12000Hook.hook_name == CONN_NAME
    assert declared["hook-class-name"] == f"{Ss12000Hook.__module__}.{Ss12000Hook.__qualname__}"


def test_every_field_of_the_form_is_read_and_every_key_that_is_read_has_its_field():
    """A field that is filled in and ignored would be a lie."""
    folder = PROJECT_DIR / "plugins" / "narvaro" / "sources"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))
    read = set(re.findall(r"""extra(?:\.get\(|\[)["'](\w+)["']""", sources)) | {
        field.name for field in fields(Identity)
    }
    assert read == set(FIELDS)


def test_every_field_is_explained():
    for name, field in FIELDS.items():
        assert field["label"], name
        assert field["description"].endswith("."), name
