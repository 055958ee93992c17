"""What an operator does on the console, in a real browser. Each test adds people of its own."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orchestrator_local.stack import Stack
from tests.browser.operator_steps import PhoneOnPage, jump, publish, state, wait_until


@pytest.fixture(autouse=True)
def _at_ten_in_new_york(page: Page) -> Iterator[None]:
    """Start each test on the next day at ten, and end it without faults."""
    jump(page, "1", "10:00")
    yield
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1360, "height": 1000})  # a narrow page folds the faults
    for kind in ("Twilio", "Claude"):
        page.get_by_role("group", name=kind).get_by_role("button", name="none").click()


def test_an_urgent_text_arrives_at_once(page: Page) -> None:
    ada = PhoneOnPage(page, "Ada")
    publish(page, ada, "urgent notification")
    expect(ada.texts).to_have_text([re.compile("^Please update your payment method")])
    expect(ada.phone).to_contain_text("1/10 today")
    expect(page.locator("#call")).to_contain_text("orchestrator.queue_message(")
    expect(page.locator("#body")).to_contain_text('"priority": "urgent"')


def test_a_message_that_quiet_hours_hold_arrives_after_a_jump_in_time(page: Page) -> None:
    ben = PhoneOnPage(page, "Ben")
    jump(page, "0", "22:00")
    publish(page, ben, "note with its own words")
    page.get_by_role("button", name="+1 min").click()
    row = page.locator("#lane-high").get_by_role("button", name=re.compile("note for Ben"))
    expect(row).to_contain_text("the person's quiet hours (R3)")
    expect(row.locator("time")).to_have_text(re.compile("in 9 h 5|in 10 h"))
    row.click()
    history = page.get_by_role("dialog")
    expect(history).to_contain_text("held")
    expect(history).to_contain_text("08:00:00")
    history.get_by_role("button", name="Close").click()
    assert ben.texts.count() == 0
    jump(page, "1", "08:01")
    expect(ben.texts).to_have_text([re.compile("^See you at the meeting")])


def test_a_reply_brings_a_waiting_message_forward(page: Page) -> None:
    chen = PhoneOnPage(page, "Chen")
    jump(page, "0", "18:00")
    publish(page, chen, "note with its own words", priority="medium")
    expect(page.locator("#lane-medium")).to_contain_text("the hour at which the person usually answers")
    chen.writes("Anything new?")
    expect(chen.texts).to_have_text([re.compile("^See you at the meeting")])
    expect(chen.phone).to_contain_text("active")


def test_stop_cancels_what_waits_and_blocks_what_comes(page: Page, stack: Stack) -> None:
    dana = PhoneOnPage(page, "Dana")
    waiting = publish(page, dana, "scheduled update")
    expect(page.locator("#lane-low")).to_contain_text("Dana")
    dana.writes("STOP")
    expect(dana.phone).to_contain_text("opted out")
    expect(page.locator("#lane-low")).not_to_contain_text("Dana")
    urgent = publish(page, dana, "urgent notification")
    expect(page.locator(f"#ended #m-{urgent}")).to_contain_text("cancelled")
    assert {state(stack, waiting), state(stack, urgent)} == {("cancelled", "opted_out")}
    assert dana.texts.count() == 0


def test_claude_fails_and_recovers(page: Page) -> None:
    eve = PhoneOnPage(page, "Eve")
    claude = page.get_by_role("group", name="Claude")
    claude.get_by_role("button", name="overloaded").click()
    expect(page.locator("#faults-now")).to_contain_text("Claude: overloaded")
    publish(page, eve, "solution update", priority="urgent")
    expect(eve.texts.first).to_contain_text("Acme Corp", timeout=30_000)
    plain = eve.texts.first.inner_text()
    claude.get_by_role("button", name="none").click()
    expect(page.locator("#faults-now")).to_have_text("No faults")
    message_id = publish(page, eve, "solution update", priority="urgent", repeats=True)
    expect(eve.texts).to_have_count(2)
    assert eve.texts.nth(1).inner_text() != plain
    page.locator(f"#m-{message_id}").click()
    expect(page.get_by_role("dialog")).to_contain_text("What Claude was asked")


def test_a_killed_function_recovers_and_nothing_is_sent_twice(page: Page, stack: Stack) -> None:
    finn = PhoneOnPage(page, "Finn")
    page.get_by_role("group", name="Twilio").get_by_role("button", name="slow").click()
    message_id = publish(page, finn, "urgent notification")
    expect(page.locator("#lane-urgent")).to_contain_text("sending")
    page.get_by_role("group", name="Kill").get_by_role("button", name="deliver").click()
    expect(page.locator("#toast")).to_contain_text("deliver was killed")
    # Twilio accepted the text: it arrives, and its status callback settles the attempt of the killed process.
    expect(finn.texts).to_have_count(1)
    expect(page.locator("#ended li").first).to_contain_text("sent")
    assert state(stack, message_id) == ("sent", None)
    page.get_by_role("group", name="Twilio").get_by_role("button", name="none").click()
    second = publish(page, finn, "note with its own words", priority="urgent")
    expect(finn.texts).to_have_count(2)
    assert state(stack, second) == ("sent", None)


def test_a_busy_twilio_holds_the_lane_until_it_answers(page: Page) -> None:
    gil = PhoneOnPage(page, "Gil")
    page.get_by_role("group", name="Twilio").get_by_role("button", name="busy").click()
    publish(page, gil, "urgent notification")
    expect(page.locator("#lane-urgent")).to_contain_text("Twilio asked us to slow down")
    page.get_by_role("group", name="Twilio").get_by_role("button", name="none").click()
    page.get_by_role("button", name="+1 min").click()
    expect(gil.texts).to_have_count(1)


def test_an_invalid_value_is_named_with_its_fix_and_nothing_is_published(page: Page) -> None:
    form = page.locator("#publish")
    form.get_by_label("Message data").fill('{"type": 7}')
    expect(page.locator("#publish-error")).to_contain_text("message_data")
    form.get_by_label("Message data").fill("{")
    expect(page.locator("#publish-error")).to_contain_text("is not JSON")
    page.get_by_text("Add a person").click()
    page.locator(".add form").get_by_label("Number").fill("12")
    page.locator(".add form").get_by_role("button", name="Add").click()
    expect(page.locator("#toast")).to_contain_text("is not a valid phone number")
    page.locator(".jump").get_by_label("Day").select_option("0")
    page.locator(".jump").get_by_label("Time").fill("00:01")
    page.locator(".jump").get_by_role("button", name="Jump").click()
    expect(page.locator("#toast")).to_contain_text("The clock only goes forward")


def test_the_clock_pauses_steps_and_runs_fast(page: Page) -> None:
    clock_controls = page.get_by_role("group", name="Clock")
    time = page.locator("#clock time")

    def minutes() -> float:
        return float(time.evaluate("time => Date.parse(time.dateTime) / 60000"))

    clock_controls.get_by_role("button", name="Stop the clock").click()
    expect(page.locator("#clock")).to_contain_text("the clock stands still")
    before = minutes()
    page.wait_for_timeout(700)
    assert minutes() == before
    clock_controls.get_by_role("button", name="+1 min").click()
    wait_until(page, lambda: minutes() >= before + 1)
    clock_controls.locator("[data-speed='3600']").click()
    wait_until(page, lambda: minutes() >= before + 120)
    clock_controls.get_by_role("button", name="Real time").click()
    expect(clock_controls.get_by_role("button", name="Real time")).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_reaches_everything(page: Page) -> None:
    hal = PhoneOnPage(page, "Hal")
    page.keyboard.press("Escape")
    hal.phone.get_by_label("Hal writes").focus()
    page.keyboard.type("Hello")
    page.keyboard.press("Enter")
    expect(hal.phone.locator(".theirs")).to_have_text("Hello")
    publish(page, hal, "scheduled update")
    row = page.locator("#ended, #lane-low").get_by_role("button", name=re.compile("Hal")).first
    row.focus()
    page.wait_for_timeout(800)  # an update of the page keeps the focus
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_the_page_fits_a_phone_and_a_desktop_in_light_and_dark(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator("#gauges dl")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", background)[0]) < 128) == (scheme == "dark")
