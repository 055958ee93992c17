"""`make screenshot`: uses the console as an operator does, and takes the README's two pictures of it."""

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, expect, sync_playwright

from orchestrator_cli.console.visit import PAGES
from orchestrator_local.console.server import console_server
from orchestrator_local.services import Services
from orchestrator_local.stack import local_stack
from tests.browser.conftest import CHROMIUM

PICTURE = Path("docs/console.png")
# The operator's page of messages, as for any stack.
PICTURE_OF_PAGES = Path("docs/console-messages.png")
# Each other size and colour scheme, and the story of a message in each.
OTHERS = Path(tempfile.gettempdir())
SIZES = ((1360, 1000), (900, 900), (390, 844))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
START = datetime(2026, 3, 4, 1, 40, tzinfo=UTC)  # 20:40 in New York, 20 minutes before quiet hours


def main() -> None:
    """Take the picture, and two for each size and colour scheme: the page, and a story."""
    assert CHROMIUM, "no Chromium here (Debian: apt-get install chromium)"
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), Services(), fresh=True, start_at=START) as stack,
        console_server(stack, real_twilio=False) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1360, "height": 1180})
        page.goto(address)
        _play(page)
        page.locator("#people").evaluate("row => row.scrollTo(0, 0)")
        page.screenshot(path=PICTURE)
        for width, height in SIZES:
            for scheme in SCHEMES:
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=OTHERS / f"console-{width}-{scheme}.png", full_page=True)
                page.locator("#ended button").first.click()
                expect(page.get_by_role("dialog")).to_contain_text("delivered")
                page.screenshot(path=OTHERS / f"console-{width}-{scheme}-story.png")
                page.keyboard.press("Escape")
        _take_operator_pages(page, address)
        browser.close()
    print(
        f"{PICTURE}, {PICTURE_OF_PAGES}; other widths and colours, and the operator's pages, in {OTHERS}/console-*.png"
    )


def _take_operator_pages(page: Page, address: str) -> None:
    """The pages of any stack, of this one."""
    page.set_viewport_size({"width": 1360, "height": 780})
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/stack/messages")
    page.screenshot(path=PICTURE_OF_PAGES)
    for path in PAGES:
        for width, height in SIZES:
            for scheme in SCHEMES:
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)
                page.goto(f"{address}/stack/{path}")
                page.screenshot(path=OTHERS / f"console-{path}-{width}-{scheme}.png", full_page=True)


def _play(page: Page) -> None:
    page.get_by_role("button", name="Add the people of the demo").click()
    expect(page.locator(".phone")).to_have_count(5)
    for example, person in (
        ("urgent notification", "user_ben"),
        ("solution update", "user_ada"),
        ("scheduled update", "user_chen"),
        ("context-sensitive message", "user_eve"),
    ):
        page.get_by_role("button", name=example).click()
        page.locator("#publish").get_by_label("For", exact=True).fill(person)
        page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="+1 min").click()
    expect(page.get_by_role("article", name="Ada").locator(".ours")).to_have_count(1)
    _write(page, "Eve", "Anything new for me?")
    expect(page.get_by_role("article", name="Eve").locator(".ours")).to_have_count(1)
    _write(page, "Dana", "STOP")
    expect(page.get_by_role("article", name="Dana")).to_contain_text("opted out")
    page.get_by_role("button", name="+1 h").click()
    expect(page.locator("#toast")).to_have_text(re.compile("^It is Wed 04 Mar 02:4"))  # the clock arrived
    page.get_by_role("button", name="note with its own words").click()
    page.locator("#publish").get_by_label("For", exact=True).fill("user_ada")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="+1 min").click()
    expect(page.locator("#lane-high")).to_contain_text("quiet hours")
    expect(page.locator("#toast")).to_be_empty(timeout=10_000)


def _write(page: Page, name: str, text: str) -> None:
    page.get_by_label(f"{name} writes").fill(text)
    page.get_by_role("button", name=f"Send from {name}'s phone").click()
    expect(page.get_by_role("article", name=name).locator(".theirs").last).to_have_text(text)


if __name__ == "__main__":
    main()
