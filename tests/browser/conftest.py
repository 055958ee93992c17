"""Opens the console of a real local stack in a real Chromium."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestrator.aws.clients import sqs_client
from orchestrator_local.console.server import console_server
from orchestrator_local.services import Services
from orchestrator_local.stack import Stack, local_stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Long enough for a busy machine, in milliseconds.
expect.set_options(timeout=15_000)
START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        reason = "no Chromium here (Debian: apt-get install chromium)"
        print(f"\nThe tests of the console are skipped: {reason}.")
        for item in items:
            if "tests/browser" in str(item.path):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with local_stack(tmp_path_factory.mktemp("stack") / "s", Services(), fresh=True, start_at=START) as stack:
        yield stack


@pytest.fixture(scope="module")
def address(stack: Stack) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CONSOLE_PORT", raising=False)
        sqs_client.cache_clear()  # its client knows the endpoint of an earlier stack of this run
        with console_server(stack, real_twilio=False) as address:
            yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The console in a new window. An error in its script, or a request that fails, fails the test."""
    context = browser.new_context(viewport={"width": 1360, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda r: errors.append(r.url) if not r.url.startswith(address) else None)
    page.goto(address)
    yield page
    context.close()
    assert errors == []
