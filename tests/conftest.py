"""A real browser for tests, where there is one."""

import pytest

from course_utils.command.slides import find_browser
from course_utils.command.terminal import CommandError


@pytest.fixture(scope="session")
def browser_path():
    """Chromium, Chrome or Edge; skips, and says why, where there is none or no Playwright."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    try:
        return find_browser()
    except CommandError:
        pytest.skip("none of Chromium, Chrome and Edge is installed")


@pytest.fixture(scope="module")  # not longer: while it is open, nothing else may use asyncio
def browser(browser_path):
    """The browser, started without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=browser_path)
