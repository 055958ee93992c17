"""With 200 people and 5,000 waiting messages the page stays usable. The measured times are printed."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from orchestrator.store.database import connect
from orchestrator_local.stack import Stack

PEOPLE, MESSAGES = 200, 5_000

_CROWD = """
WITH people AS (
    INSERT INTO users (phone_number, first_name, external_id, timezone)
    SELECT '+1' || (212 + n / 100) || '55501' || lpad((n %% 100)::text, 2, '0'), 'Person ' || n, 'user_' || n,
           'America/New_York'
      FROM generate_series(0, %(people)s - 1) AS n
    RETURNING id, substr(external_id, 6)::int AS place
)
INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at, created_at,
                           published_at, expires_at, can_delay, reason)
SELECT people.id, 'crowd_agent', '{"type": "note", "message": "Hello"}',
       %(now)s + interval '1 hour' + n * interval '1 second', (ARRAY['high', 'medium', 'low'])[n %% 3 + 1],
       'queued', %(now)s, %(now)s, %(now)s, %(now)s + interval '7 days', true, 'best_time'
  FROM generate_series(1, %(messages)s) AS n
  JOIN people ON people.place = n %% %(people)s
"""


def milliseconds(action: Callable[[], object]) -> int:
    started = time.perf_counter()
    action()
    return round((time.perf_counter() - started) * 1000)


def test_the_page_stays_usable_with_many_people_and_messages(
    page: Page, stack: Stack, address: str, record_property: Callable[[str, object], None]
) -> None:
    with connect(stack.database_url) as connection:
        connection.execute(_CROWD.encode(), {"people": PEOPLE, "messages": MESSAGES, "now": stack.clock()})

    def open_page() -> None:
        page.goto(address)
        expect(page.locator(".phone").first).to_be_visible()
        expect(page.locator("#lane-high")).to_contain_text("1,66")

    opened = milliseconds(open_page)
    # The page shows at most one page of everything.
    assert page.locator(".phone").count() == 8
    assert page.locator(".messages li").count() <= 4 * 20 + 12
    turned = milliseconds(lambda: turn_page(page))
    found = milliseconds(lambda: find_person(page))
    form = page.locator("#publish")
    form.get_by_role("button", name="urgent notification").click()
    form.get_by_label("For", exact=True).fill("user_7")

    def publish() -> None:
        form.get_by_role("button", name="Publish", exact=True).click()
        expect(page.locator(".ours")).to_have_count(1)

    arrived = milliseconds(publish)
    slowest = round(page.evaluate("window.slowestUpdate"))
    record_property(
        f"console with {PEOPLE} people and {MESSAGES:,} waiting messages",
        f"opened in {opened} ms, a page turned in {turned} ms, a person found in {found} ms, "
        f"published and on the phone in {arrived} ms, slowest update of the page {slowest} ms",
    )


def turn_page(page: Page) -> None:
    page.get_by_role("button", name="Later, high").click()
    expect(page.get_by_role("button", name="Earlier, high")).to_be_enabled()


def find_person(page: Page) -> None:
    page.get_by_placeholder("Find a person").fill("user_7")
    expect(page.get_by_role("article", name="Person 7", exact=True)).to_be_visible()
