"""The console's page itself: cause beside effect, addresses, focus, banners, empty states, and axe in each state."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from orchestrator.aws.clients import sqs_client
from orchestrator.store.database import connect
from orchestrator.store.pauses import pause, resume
from orchestrator_local.console.server import console_server
from orchestrator_local.console.view import describe_above_limit
from orchestrator_local.processes import free_port
from orchestrator_local.stack import Stack
from tests.browser.operator_steps import jump

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
# All rules: WCAG A and AA, and good practice. `target-size` runs only where it is asked for
# (https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md).
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}, "scrollable-region-focusable": {"enabled": True}},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
UNKNOWN_ID = "01a215ff-a6f6-7279-897d-000000000000"


def assert_accessible(page: Page) -> None:
    """Fail with what axe finds on the page now, in light and in dark."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for violation in page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)["violations"]:
            nodes = [(node["html"][:160], node["failureSummary"]) for node in violation["nodes"][:3]]
            found.append(f"{scheme}, {violation['id']}: {json.dumps(nodes, indent=1)}")
    assert not found, "\n".join(found)


def publish_example(page: Page, example: str, reference: str, **fields: str) -> str:
    """Publish one of the form's examples, with other fields by their labels; returns the message's id."""
    form = page.locator("#publish")
    form.get_by_role("button", name=example).click()
    for label, value in {"For": reference, **fields}.items():
        field = form.get_by_label(label, exact=label == "For")
        if label == "Priority":
            field.select_option(value)
        else:
            field.fill(value)
    form.evaluate("form => delete form.dataset.published")
    form.get_by_role("button", name="Publish", exact=True).click()
    expect(form).to_have_attribute("data-published", re.compile("-"))
    return str(form.get_attribute("data-published"))


def sent_to(page: Page, name: str, reference: str, words: str) -> str:
    """Publish an urgent note and wait until it is delivered; returns the message's id."""
    data = json.dumps({"type": "note", "message": words})
    message_id = publish_example(page, "urgent notification", reference, **{"Message data": data})
    expect(page.locator(f"#t-{message_id}")).to_contain_text("delivered")
    expect(page.locator(f"#ended #m-{message_id}")).to_be_visible()
    return message_id


def test_an_empty_page_says_what_to_do_and_names_no_person_who_does_not_exist(page: Page) -> None:
    expect(page.locator("#people")).to_contain_text("There are no people yet")
    expect(page.locator("#nothing-waits")).to_contain_text("Publish a “scheduled update”")
    expect(page.locator("#ended")).to_contain_text("Publish one")
    expect(page.locator("#rejected")).to_contain_text("stands here with what to change")
    expect(page.locator("#call")).to_contain_text("orchestrator.queue_message(")
    assert "user_ada" not in page.content()
    assert page.get_by_label("For", exact=True).input_value() == ""
    assert_accessible(page)

    page.get_by_role("button", name="Add the people of the demo").click()
    expect(page.locator(".phone")).to_have_count(5)
    expect(page.get_by_label("For", exact=True)).to_have_value("user_ada")
    offered = page.locator("#references option").evaluate_all("options => options.map(option => option.value)")
    assert offered == ["user_ada", "user_ben", "user_chen", "user_dana", "user_eve"]

    page.get_by_placeholder("Find a person").fill("Zoe")
    expect(page.locator("#people")).to_contain_text("No person matches “Zoe”")
    assert_accessible(page)
    page.get_by_role("button", name="Show all people").click()
    expect(page.locator(".phone")).to_have_count(5)
    expect(page.get_by_placeholder("Find a person")).to_have_value("")


@pytest.fixture
def people(page: Page) -> Page:
    """The page with the people of the demo."""
    expect(page.locator(".phone, .empty").first).to_be_visible()
    if page.locator(".empty").count():
        page.get_by_role("button", name="Add the people of the demo").click()
    expect(page.locator(".phone")).to_have_count(5)
    return page


@pytest.mark.parametrize(("width", "height"), [(1360, 900), (900, 900), (390, 844)])
def test_what_is_published_is_seen_beside_the_button(people: Page, width: int, height: int) -> None:
    people.set_viewport_size({"width": width, "height": height})
    people.reload()
    publish = people.get_by_role("button", name="Publish", exact=True)
    expect(people.locator(".phone")).to_have_count(5)
    people.get_by_label("For", exact=True).fill("user_eve")
    people.get_by_role("button", name="urgent notification").click()
    publish.click()
    texts = people.get_by_label("Texts of Eve")
    expect(texts).to_be_in_viewport(ratio=0.9)
    expect(publish).to_be_in_viewport(ratio=1)
    assert people.evaluate("scrollY") == 0
    assert people.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(people)


# Seconds ahead, and their words: both sides of each border between two units.
DURATIONS = {
    0: "now",
    0.4: "now",
    1: "in 1 s",
    59: "in 59 s",
    59.6: "in 1 min",
    60: "in 1 min",
    89: "in 1 min",
    90: "in 2 min",
    59 * 60 + 29: "in 59 min",
    59 * 60 + 59: "in 1 h",
    3600: "in 1 h",
    3600 + 29: "in 1 h",
    3600 + 31: "in 1 h 1 min",
    119 * 60 + 29: "in 1 h 59 min",
    119 * 60 + 59: "in 2 h",
    7200: "in 2 h",
    86400 - 1: "in 24 h",
    86400: "in 24 h",
    2 * 86400 - 31: "in 47 h 59 min",
    2 * 86400 - 1: "in 2 days",
    59 * 86400: "in 59 days",
    60 * 86400 - 1: "in 2 months",
    60 * 86400: "in 2 months",
    365 * 86400: "in 12 months",
}


def test_a_time_ahead_is_rounded_before_it_is_split(page: Page) -> None:
    in_words = "async all => { const { timeUntil } = await import('/static/durations.js'); return all.map(timeUntil); }"
    assert dict(zip(DURATIONS, page.evaluate(in_words, list(DURATIONS)), strict=True)) == DURATIONS


def test_a_text_and_an_end_open_the_story_and_the_focus_returns_to_what_opened_it(people: Page) -> None:
    message_id = sent_to(people, "Ada", "user_ada", "See you at nine")
    ended = people.locator(f"#ended #m-{message_id}")
    expect(ended).to_contain_text("note for Ada")
    expect(ended.locator("time")).to_have_text(re.compile(r"^Tue 03 Mar \d\d:\d\d:\d\d$"))
    dialog = people.get_by_role("dialog")
    people.locator(f"#t-{message_id}").click()
    expect(dialog).to_contain_text("See you at nine")
    close = dialog.get_by_role("button", name="Close")
    expect(close).to_be_focused()
    # What happens meanwhile changes the lists, and the story that is open.
    sent_by_another(people)
    expect(close).to_be_focused()
    close.press("Enter")
    expect(people.locator(f"#t-{message_id}")).to_be_focused()
    ended.focus()
    people.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    sent_by_another(people)
    people.keyboard.press("Escape")
    expect(ended).to_be_focused()
    # An update changes what is different, and keeps the rest.
    text = people.locator(f"#t-{message_id}").element_handle()
    ring = people.get_by_role("article", name="Ada").locator("svg")
    before = str(ring.get_attribute("aria-label"))
    people.get_by_role("button", name="+1 min").click()
    expect(ring).not_to_have_attribute("aria-label", before)
    assert text.evaluate("text => text.isConnected")


def sent_by_another(page: Page) -> None:
    """A message for Ben that is published beside this page."""
    before = page.locator("#ended li").count()
    page.evaluate(
        """words => fetch("/publish", {
          method: "POST", headers: {"content-type": "application/json", "x-console": "1"},
          body: JSON.stringify({user_id: "user_ben", agent_id: "system", priority: "urgent",
                                message_data: JSON.stringify({type: "note", message: words})})})""",
        f"Note {before}",
    )
    expect(page.locator("#ended li")).to_have_count(before + 1)


# A list before and after an update: an entry is added before the one in use, and one after it goes away.
MORPH = """async () => {
  const { morph } = await import("/static/morph.js");
  const list = document.body.appendChild(document.createElement("div"));
  const entry = (name, word) => `<section id="entry-${name}"><details id="details-${name}"><summary>${word}</summary>
    <input id="text-${name}"></details></section><div id="own-${name}" data-fragment></div>`;
  list.innerHTML = entry("a", "old") + entry("b", "old");
  const [details, text, own] = ["details-a", "text-a", "own-a"].map((id) => document.getElementById(id));
  details.open = true;
  own.textContent = "a fragment of its own";
  text.focus();
  text.value = "Hello, I am";
  morph(list, entry("c", "new") + entry("a", "new"));
  const kept = [details.isConnected, details.open, document.activeElement === text, text.value, own.textContent];
  const shown = [...list.querySelectorAll("summary")].map((summary) => summary.textContent);
  list.remove();
  return [kept, shown];
}"""


def test_an_update_keeps_focus_typed_text_and_open_details(page: Page) -> None:
    kept, shown = page.evaluate(MORPH)
    assert kept == [True, True, True, "Hello, I am", "a fragment of its own"]
    assert shown == ["new", "new"]


def test_the_address_opens_the_story_again_and_back_and_forward_work(people: Page, address: str) -> None:
    first = sent_to(people, "Ada", "user_ada", "The first of two")
    second = sent_to(people, "Ada", "user_ada", "The second of two")
    dialog = people.get_by_role("dialog")
    people.locator(f"#t-{first}").click()
    expect(dialog).to_contain_text("The first of two")
    expect(people).to_have_url(f"{address}/?message={first}")
    people.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(people).to_have_url(f"{address}/")
    people.locator(f"#ended #m-{second}").click()
    expect(dialog).to_contain_text("The second of two")
    people.go_back()
    expect(dialog).to_be_hidden()
    people.go_back()
    expect(dialog).to_contain_text("The first of two")
    people.go_forward()
    expect(dialog).to_be_hidden()
    people.go_forward()
    expect(dialog).to_contain_text("The second of two")
    people.reload()
    expect(dialog).to_contain_text("The second of two")
    assert_accessible(people)

    people.goto(f"{address}/?search=Ben")
    expect(people.get_by_placeholder("Find a person")).to_have_value("Ben")
    expect(people.locator(".phone")).to_have_count(1)
    for invalid in (UNKNOWN_ID, "no-id"):
        people.goto(f"{address}/?message={invalid}")
        expect(dialog).to_contain_text(f"The database does not know message {invalid}. It appears here when")
    people.keyboard.press("Escape")
    expect(people.get_by_role("heading", name="Waiting messages")).to_be_focused()
    people.goto(f"{address}/?people=7&low=9")
    expect(people.locator("#people")).to_contain_text("This page has no people")
    people.get_by_role("button", name="Show the first page").click()
    expect(people.locator(".phone")).to_have_count(5)


def test_the_faults_that_are_on_are_marked(people: Page) -> None:
    twilio = people.get_by_role("group", name="Twilio")
    slow, none = twilio.get_by_role("button", name="slow"), twilio.get_by_role("button", name="none")
    expect(none).to_have_attribute("aria-pressed", "true")
    slow.click()
    expect(slow).to_have_attribute("aria-pressed", "true")
    expect(none).to_have_attribute("aria-pressed", "false")
    expect(slow).to_be_focused()
    expect(people.locator("#faults-now")).to_contain_text("Twilio: slow")
    assert_accessible(people)
    none.click()
    expect(people.locator("#faults-now")).to_have_text("No faults")


@pytest.fixture
def _paused(stack: Stack) -> Iterator[None]:
    with connect(stack.database_url) as connection:
        pause(connection, "lane", "low", "provider incident", stack.clock(), "ada@example.com")
    yield
    with connect(stack.database_url) as connection:
        resume(connection, "lane", "low")


@pytest.mark.usefixtures("_paused")
def test_a_pause_of_sending_is_not_the_stop_of_the_clock(people: Page) -> None:
    banner = people.get_by_role("status", name="Pauses of sending")
    expect(banner).to_contain_text("Sending is paused: lane low since")
    people.get_by_role("button", name="Stop the clock").click()
    expect(people.locator("#clock")).to_contain_text("the clock stands still")
    expect(people.locator("#toast")).to_have_text("The clock stands still.")
    assert people.get_by_role("button", name=re.compile("pause", re.IGNORECASE)).count() == 0
    assert_accessible(people)
    people.get_by_role("button", name="Real time").click()
    expect(people.locator("#clock")).not_to_contain_text("stands still")


@pytest.mark.usefixtures("people")
def test_a_server_that_went_away_is_named_until_it_returns(browser: Browser, stack: Stack) -> None:
    port = str(free_port())
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    away = page.get_by_role("alert")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSOLE_PORT", port)
        with console_server(stack, real_twilio=False) as address:
            page.goto(address)
            expect(page.locator(".phone")).to_have_count(5)
            expect(away).to_be_hidden()
        expect(away).to_contain_text("The server does not answer.")
        assert_accessible(page)
        page.get_by_role("button", name="+1 min").click()
        expect(page.locator("#toast")).to_have_text("The server does not answer. Nothing was changed.")
        expect(page.locator(".phone")).to_have_count(5)
        with console_server(stack, real_twilio=False):
            expect(away).to_be_hidden(timeout=30_000)
            page.get_by_role("button", name="+1 min").click()
            expect(page.locator("#toast")).to_have_text(re.compile("^It is "))
    page.close()


@pytest.mark.parametrize(
    ("of_hour", "counts", "words"),
    [
        (True, {"urgent": 3, "none": 2}, "Above the hourly limit: 3 urgent (R5)."),
        (
            False,
            {"reply": 4, "active": 3, "urgent": 0},
            "Above the daily limit: 3 while the person was active (R4), 4 in reply to a text of theirs (R12).",
        ),
        (
            True,
            {},
            "Above the hourly limit: texts of another sender count too, and a limit may have been lowered since.",
        ),
    ],
)
def test_a_count_above_its_limit_has_a_reason_in_words(of_hour: bool, counts: dict[str, int], words: str) -> None:
    assert describe_above_limit(of_hour, counts) == words


def test_urgent_texts_above_the_hourly_limit_are_explained_on_the_phone(people: Page) -> None:
    for word in ("One", "Two", "Three"):
        sent_to(people, "Dana", "user_dana", f"{word} for Dana")
    dana = people.get_by_role("article", name="Dana")
    expect(dana).to_contain_text("3/2 this hour")
    expect(dana).to_contain_text("Above the hourly limit: 3 urgent (R5).")
    assert_accessible(people)


def test_a_rejection_is_shown_with_its_reason_and_opens_its_story(people: Page, stack: Stack) -> None:
    body: dict[str, Any] = {
        "user_id": "user_ada",
        "agent_id": "careless_agent",
        "message_data": {"type": "note"},
        "priority": "soon",
    }
    sqs_client().send_message(QueueUrl=stack.environment["ENQUEUE_QUEUE_URL"], MessageBody=json.dumps(body))
    rejected = people.locator("#rejected li").first
    expect(rejected).to_contain_text("priority")
    expect(rejected).to_contain_text("rejected")
    rejected.get_by_role("button").click()
    expect(people.get_by_role("dialog")).to_contain_text("Rejected message")
    assert_accessible(people)
    people.keyboard.press("Escape")
    expect(rejected.get_by_role("button")).to_be_focused()


def test_a_message_for_an_unknown_person_is_seen_at_once_and_until_when_it_waits(people: Page) -> None:
    publish_example(people, "scheduled update", "user_nobody")
    wait = people.locator("#rejected li").first
    expect(wait).to_contain_text("unknown user by account_manager")
    expect(wait).to_contain_text(
        re.compile(r"waits for its user until \w{3} \d\d \w{3} \d\d:\d\d:\d\d; then it is rejected")
    )
    people.get_by_role("button", name="Story of what was published").click()
    dialog = people.get_by_role("dialog")
    expect(dialog).to_contain_text("Message that waits for its user")
    expect(dialog).to_contain_text("waits for its user, who is not known yet")
    people.keyboard.press("Escape")
    expect(people.get_by_role("button", name="Story of what was published")).to_be_focused()
    people.get_by_role("button", name="+1 h").click()
    expect(wait).to_contain_text("is not a known user")


def test_more_states_of_the_page_are_accessible(people: Page) -> None:
    people.get_by_text("Add a person").click()
    people.get_by_text("More fields").click()
    form = people.locator("#publish")
    form.get_by_label("Message data").fill("{")
    expect(people.locator("#publish-error")).to_contain_text("is not JSON")
    people.locator(".add form").get_by_label("Number").fill("12")
    people.locator(".add form").get_by_role("button", name="Add").click()
    expect(people.locator("#toast")).to_contain_text("is not a valid phone number")
    jump(people, "0", "20:00")
    publish_example(people, "scheduled update", "user_ben")
    expect(people.locator("#lane-low")).to_contain_text("the hour at which")
    assert_accessible(people)
    people.set_viewport_size({"width": 390, "height": 844})
    people.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    assert_accessible(people)
