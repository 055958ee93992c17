"""What an operator does on the console's page, for the tests: adds people, publishes, writes and moves the clock."""

import itertools
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from orchestrator.store.database import connect
from orchestrator_local.stack import Stack

_numbers = itertools.count(110)


class PhoneOnPage:
    """A person that the test adds, and their phone on the page."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.id = f"user_{name.lower()}"
        self.phone: Locator = page.get_by_role("article", name=name, exact=True)
        page.get_by_text("Add a person").click()
        form = page.locator(".add form")
        form.get_by_label("Number").fill(f"+1 212 555 0{next(_numbers)}")
        form.get_by_label("Name").fill(name)
        form.get_by_label("Zone").fill("America/New_York")
        form.get_by_label("Your id").fill(self.id)
        form.get_by_role("button", name="Add").click()
        expect(page.locator("#toast")).to_have_text("Added.")
        page.get_by_placeholder("Find a person").fill(name)
        # The search replaces the phones on the page, and with them a text that is being typed.
        expect(page.locator(".phone")).to_have_count(1)
        expect(self.phone).to_be_visible()

    @property
    def texts(self) -> Locator:
        """The texts that arrived."""
        return self.phone.locator(".ours")

    def writes(self, text: str) -> None:
        self.phone.get_by_label(f"{self.name} writes").fill(text)
        self.phone.get_by_role("button", name=f"Send from {self.name}'s phone").click()
        expect(self.phone.locator(".theirs").last).to_have_text(text)


def publish(page: Page, person: PhoneOnPage, example: str, **fields: Any) -> str:
    """Publish one of the form's examples; returns the message's id."""
    form = page.locator("#publish")
    form.get_by_role("button", name=example).click()
    form.get_by_label("For", exact=True).fill(person.id)
    if "priority" in fields:
        form.get_by_label("Priority").select_option(fields["priority"])
    if "repeats" in fields:
        form.get_by_text("More fields").click()
        form.get_by_label("may repeat").check()
    if "data" in fields:
        form.get_by_label("Message data").fill(fields["data"])
    form.evaluate("form => delete form.dataset.published")
    form.get_by_role("button", name="Publish", exact=True).click()
    expect(form).to_have_attribute("data-published", re.compile("-"))
    return str(form.get_attribute("data-published"))


def jump(page: Page, days: str, at: str) -> None:
    form = page.locator(".jump")
    form.get_by_label("Day").select_option(days)
    form.get_by_label("Time").fill(at)
    form.get_by_role("button", name="Jump").click()
    expect(page.locator("#toast")).to_have_text(re.compile(r"^It is "), timeout=60_000)


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("not within 10 s")


def state(stack: Stack, message_id: str) -> tuple[Any, ...]:
    with connect(stack.database_url) as connection:
        found = connection.execute("SELECT status, reason FROM message_queue WHERE id = %s", (message_id,)).fetchone()
    assert found is not None
    return found
