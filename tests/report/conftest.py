"""Results trees for the report to read, and a browser to read the report with."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_tree import HOSTILE, Tree, build, plan
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage"
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The tree with harmless texts, once; tests get copies."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def tree(built: Tree, tmp_path: Path) -> Tree:
    """The tree with harmless texts."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Tree(tmp_path, dict(built.spec), plan())


@pytest.fixture
def hostile_tree(tmp_path: Path) -> Tree:
    """The tree with markup, scripts and control characters in every prompt."""
    return build(tmp_path, HOSTILE)


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium that logs its console and every request."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        assert not os.environ.get("KOREASON_REQUIRE_BROWSER"), (
            "KOREASON_REQUIRE_BROWSER is set, but chromium or chromedriver is not installed"
        )
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium chromium-driver)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for flag in FLAGS.split():
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        chrome = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield chrome
        finally:
            chrome.quit()
