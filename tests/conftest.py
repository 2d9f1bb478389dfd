"""What several test files share: a real browser, where there is one, and a trap for pickles."""

import pickle

import pytest
from planted import Planted

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


@pytest.fixture
def mark(tmp_path):
    """A file that comes to be when what holds its name is unpickled; it must not."""
    path = tmp_path / "unpickled"
    pickle.loads(pickle.dumps(Planted(path))).close()
    assert path.exists(), "the mark would not be left"
    path.unlink()
    yield path
    assert not path.exists(), "something was unpickled"
