from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# The invented county lives beside the unit tests of publish.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "publish"))

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# Per module: while Playwright is there, no other test of this process can run an event loop.
@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; there is nothing to test with where it is not installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()
