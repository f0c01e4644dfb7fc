from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from built_warehouse import Built, settings_at

from narvaro.warehouse import WarehouseContent, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def build_at() -> Callable[[Path, WarehouseContent], Built]:
    def build_there(home: Path, content: WarehouseContent) -> Built:
        settings = settings_at(home)
        return Built(settings, build(settings, content))

    return build_there
