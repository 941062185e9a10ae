"""The demo bank made once, served, and looked at in Chromium; every test ends with the watch's verdict."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.browser import harness
from tools import tree

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def demo_home(tmp_path_factory):
    """A home with the demo bank in it; KEZUN_BROWSER_HOME keeps one between runs."""
    kept = os.environ.get("KEZUN_BROWSER_HOME")
    home = Path(kept) if kept else tmp_path_factory.mktemp("demo")
    home.mkdir(parents=True, exist_ok=True)
    harness.kezun(home, "demo", "--no-serve", "--anchor", harness.LAST_DAY)
    return home


@pytest.fixture(scope="package")
def address(demo_home):
    with harness.running(demo_home) as found:
        yield found


@pytest.fixture(scope="package")
def chromium():
    if harness.chromium() is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    if not harness.AXE.exists():
        pytest.skip("axe-core is not installed: ./dev test installs it")
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for an asynchronous caller.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = harness.launch(playwright)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def demo_pack():
    return yaml.safe_load(tree.text(Path("packs/demo-bank/pack.yaml")))["demo"]


@pytest.fixture(scope="package")
def everybody(chromium, address, demo_pack):
    return harness.Visitors(chromium, address, demo_pack["password"])


@pytest.fixture
def visit(everybody):
    """`visit("branch", "phone", "en")` → page; at the end of the test every page must have behaved."""
    watches = []

    def open_as(name, size="desktop", language="zh"):
        page, watch = everybody.visit(name, size, language)
        watches.append(watch)
        page.watch = watch
        return page

    yield open_as
    everybody.leave()
    assert not [line for watch in watches for line in watch.verdict()]
