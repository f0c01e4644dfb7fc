from __future__ import annotations

import pytest

from narvaro.errors import SettingsError
from narvaro.settings import Settings


@pytest.mark.parametrize("given", ["https://narvaro.example", "http://localhost:8083/", "https://a.example/narvaro"])
def test_address_is_taken_without_its_last_slash(given):
    assert Settings.from_env({"NARVARO_WEB_URL": given}).web_url == given.rstrip("/")


@pytest.mark.parametrize(
    "given",
    ["narvaro.example", "ftp://narvaro.example", "https://", "https://n.example/?secret=b", "https://n.example/#x"],
)
def test_address_that_is_none_is_refused_and_not_shown(given):
    with pytest.raises(SettingsError, match="NARVARO_WEB_URL") as refusal:
        Settings.from_env({"NARVARO_WEB_URL": given})
    assert "secret" not in str(refusal.value)
