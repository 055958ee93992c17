"""The operator's console of any stack: messages, people and trouble; each action asks once and is recorded."""

import csv
import html
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from orchestrator.rules.outcome_brake import OutcomeScope
from orchestrator.store import message_list
from orchestrator.store.pauses import list_pauses, pause
from orchestrator_cli.check_results import CheckResult, Grade
from orchestrator_cli.console import agents_page, messages_page, people_page, trouble_page
from orchestrator_cli.console.app import operator_console
from orchestrator_cli.console.command import database_of_request
from orchestrator_cli.dead_letters import DeadLetterRecord
from orchestrator_cli.pauses import scope_to_resume
from tests.world import World

BASE = "/a-token"
ADDRESS = "http://127.0.0.1:8123"
HOSTILE = "<script>alert(1)</script>\"'{{ 7 * 7 }}"


class ConsoleClient:
    """An operator's browser: it reads pages as text, and answers the question of an action."""

    def __init__(self) -> None:
        app = operator_console(database_of_request, "a test", BASE[1:], 8123)
        self._client = TestClient(app, base_url=ADDRESS, headers={"Origin": ADDRESS})

    def get(self, path: str, status: int = 200) -> str:
        answer = self._client.get(f"{BASE}{path}")
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, /, **fields: str) -> str:
        return self._send(path, fields, 200)

    def refusal(self, path: str, /, **fields: str) -> str:
        return self._send(path, fields, 422)

    def _send(self, path: str, fields: Mapping[str, str], status: int) -> str:
        answer = self._client.post(f"{BASE}{path}", data=dict(fields))
        assert answer.status_code == status, answer.text
        return answer.text

    def ask(self, action: str, **fields: str) -> tuple[str, dict[str, str]]:
        """The question of an action, and the fields of its form."""
        page = self.post(f"/ask/{action}", **fields)
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
        form = {name: html.unescape(value) for name, value in hidden}
        return form["asked"], form

    def act(self, action: str, **fields: str) -> str:
        """The result of an action that the operator answered with yes."""
        _, form = self.ask(action, **fields)
        return html.unescape(self.post(f"/do/{action}", **form, why="they asked for it"))


@pytest.fixture
def console(world: World, monkeypatch: pytest.MonkeyPatch) -> ConsoleClient:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    return ConsoleClient()


def recorded(world: World) -> list[tuple[Any, ...]]:
    return world.all("SELECT operator, action, target, change, reason FROM orchestrator.operator_actions ORDER BY id")


def ids_on(page: str) -> list[UUID]:
    return [UUID(found) for found in re.findall(rf'<li><a href="{BASE}/messages/([0-9a-f-]+)"', page)]


# Messages ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(world: World) -> list[UUID]:
    """Three messages, oldest first: sent to Ada, held for Ada's best time, withdrawn from Ben."""
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    world.person("ben", phone="+12125550102")
    found = [world.message()]
    world.minute()
    world.wait(seconds=1)
    found.append(world.message(priority="low", agent_id="saga_1"))
    world.wait(seconds=1)
    found.append(world.message("ben", priority="low", topic="crm"))
    world.publish({"action": "withdraw", "user_id": "ben", "topic": "crm"})
    return found


def test_messages_are_found_by_what_they_are(console: ConsoleClient, three: list[UUID], world: World) -> None:
    sent, held, withdrawn = three
    assert ids_on(console.get("/")) == ids_on(console.get("/messages")) == [withdrawn, held, sent]
    for query, found in {
        "user=ben": [withdrawn],
        "agent=Saga": [held],
        "lane=low&state=queued": [held],
        "reason=withdrawn": [withdrawn],
        "topic=crm&user=": [withdrawn],
        "since=2026-03-03T15:00:01": [withdrawn, held],
        "until=2026-03-03T10:00:01-05:00": [sent],
        "state=failed": [],
    }.items():
        page = console.get(f"/messages?{query.replace('+', '%2B')}")
        assert ids_on(page) == found, query
    assert "No message passes these filters" in page
    assert ids_on(console.get("/messages?sent_since=2026-03-03")) == [sent]
    assert ids_on(console.get("/messages?sent_since=2026-03-04")) == []
    assert ids_on(console.get("/messages?not_delivered=1")) == []
    ((attempt, sid),) = world.all("SELECT id, twilio_message_sid FROM orchestrator.attempts")
    world.connection.execute("UPDATE orchestrator.attempts SET undelivered_at = now(), undelivered_code = 30007")
    not_delivered = console.get("/messages?not_delivered=1")
    assert ids_on(not_delivered) == [sent]
    assert "not delivered, code 30007" in not_delivered
    assert '<time datetime="2026-03-03T15:00:00+00:00">' in not_delivered, "when it was sent"
    for text_id in (attempt, sid, sent):
        assert f"<small>{sent}</small>" in console.get(f"/messages?id={text_id}")
        assert f"<small>{sent}</small>" in console.get(f"/messages/{text_id}")
    held_row = console.get("/messages?agent=saga")
    assert "due <time" in held_row
    assert "the hour at which" in held_row
    for query, error in {
        "user=nobody": "No user has the id",
        "state=x": "state: &#39;x&#39; is none of queued",
        "since=soon": "&#39;soon&#39; is no time",
        "agent=%D0%B0": "printable ASCII",
        "before=x": "is not an id",
        "id=SM123": "is not a message id",
        f"id=SM{'0' * 32}": "No text of ours has Twilio&#39;s id",
        "since=2026-03-04&until=2026-03-03": "Nothing lies in this period",
    }.items():
        assert error in console.get(f"/messages?{query}", 422), query


def test_pages_follow_each_other_and_say_how_far_they_looked(
    console: ConsoleClient, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_page, "MESSAGES", 2)
    first = console.get("/messages?user=ada")
    assert ids_on(first) == [three[1], three[0]]
    assert f"before={three[0]}" in first
    assert "Older messages" in first
    assert "No older messages." in console.get(f"/messages?user=ada&before={three[0]}")
    # Each statement reads one row.
    monkeypatch.setattr(message_list, "MOST_READ", 1)
    monkeypatch.setattr(messages_page, "MOST_STATEMENTS", 2)
    page = console.get("/messages?state=sent")
    assert ids_on(page) == []
    assert "There are older ones" in page
    assert f"before={three[1]}" in page
    assert ids_on(console.get(f"/messages?state=sent&before={three[1]}")) == [three[0]]


def test_what_was_found_is_exported(console: ConsoleClient, three: list[UUID]) -> None:
    rows = list(csv.DictReader(io.StringIO(console.get("/messages.csv?user=ada"))))
    assert [UUID(row["message_id"]) for row in rows] == [three[1], three[0]]
    assert "No user has the id" in console.get("/messages.csv?user=nobody", 422)


def test_a_story_is_shown_and_its_message_is_released_and_withdrawn(
    console: ConsoleClient, three: list[UUID], world: World
) -> None:
    sent, held, _ = three
    story = console.get(f"/messages/{sent}")
    assert "Hello" in story
    assert "<time>2026-03-03 10:00:00 EST</time> <b>published</b>" in story
    assert "What you can do" not in story
    assert "Release before" in console.get(f"/messages/{held}")
    question, form = console.ask("release", message_id=str(held), at_once="1", back=f"/messages/{held}")
    assert question.endswith("It goes at once, as one of the lane high.")
    assert recorded(world) == []
    assert "Write why" in console.post("/do/release", **form)
    result = console.post("/do/release", **form, why="she asked for it")
    assert f"Released {held}" in result
    assert f'href="{BASE}/messages/{held}"' in result
    ((operator, action, target, change, why),) = recorded(world)
    assert (operator, action, target, why) == ("grace", "release", str(held), "she asked for it")
    assert change["lane"] == ["low", "high"]
    assert "is not held for its best time" in console.refusal("/do/release", **form, why="again")
    assert "1 messages withdrawn" in console.act("withdraw", message_id=str(held))
    assert world.state(held) == ("cancelled", "withdrawn")
    assert "Nothing is recorded about message" in console.get(f"/messages/{uuid4()}", 422)
    assert "is not a message id" in console.get("/messages/x", 422)


def test_a_question_whose_answer_would_be_about_something_else_is_asked_again(
    console: ConsoleClient, three: list[UUID], world: World
) -> None:
    assert "Withdraw what waits" in console.get("/messages?agent=saga")
    assert "Withdraw what waits" not in console.get("/messages?agent=saga&lane=low")
    question, form = console.ask("withdraw", agent="saga")
    assert question == "Withdraw 1 waiting messages (agent saga)? They end as cancelled."
    second = world.message(priority="low", agent_id="saga_2")
    again = console.post("/do/withdraw", **form, why="wrong prices")
    assert "different by now" in again
    assert "Withdraw 2 waiting messages" in again
    assert recorded(world) == []
    assert "2 messages withdrawn" in console.act("withdraw", agent="saga")
    assert [world.state(each)[0] for each in (three[1], second)] == ["cancelled"] * 2
    gone = console.refusal("/ask/withdraw", message_id=str(three[0]))
    assert f"Nothing waits that could be withdrawn. {three[0]} is sent." in gone
    assert "Name a message, a person" in console.refusal("/ask/withdraw")
    assert "Name a message" in console.refusal("/ask/release")
    assert "There is no action" in console.refusal("/ask/explode")


# Trouble -------------------------------------------------------------------------------------------------------------------


def test_pauses_are_set_seen_on_every_page_and_ended(console: ConsoleClient, world: World) -> None:
    world.person()
    assert "Nothing is paused." in console.get("/trouble")
    for kind, value, stops in (
        ("lane", "low", "lane low"),
        ("agent", "Saga", "agent saga"),
        ("message_type", "news", "type news"),
        ("everything", "", "everything"),
    ):
        assert f"Paused: {stops}, until resumed." in console.act("pause", kind=kind, value=value)
    assert len(list_pauses(world.connection, world.now)) == 4
    for path in ("/messages", "/people", "/agents", "/trouble", "/numbers"):
        assert "<strong>Sending is paused:</strong> lane low since" in console.get(path)
    assert "Resumed: lane low." in console.act("resume", scope="lane", value="low")
    assert [row[1:3] for row in recorded(world)][-1] == ("resume", "lane low")
    for fields in ({"kind": "lane"}, {"kind": "everything", "value": "x"}, {"kind": "moon", "value": "x"}, {}):
        assert "Choose what is paused" in console.refusal("/ask/pause", **fields)
    assert "none of urgent" in console.refusal("/ask/pause", kind="lane", value="fast")
    for fields in ({}, {"scope": "moon", "value": "x"}):
        assert "Name what is paused" in console.refusal("/ask/resume", **fields)


@pytest.mark.parametrize(
    ("scope", "value", "resumed"),
    [
        ("brake", "saga", ("agent", "saga")),
        ("busy", "low", ("lane", "low")),
        ("provider", "", ("everything", "")),
        (OutcomeScope.AGENT, "saga", ("agent", "saga")),
        (OutcomeScope.TYPE, "news", ("type", "news")),
        ("spending", "", ("spending", "")),
        ("spending", "urgent", None),
        ("country", "+44", None),
        ("user", str(UUID(int=1)), ("user", str(UUID(int=1)))),
    ],
)
def test_each_pause_names_what_ends_it(world: World, scope: str, value: str, resumed: tuple[str, str] | None) -> None:
    pause(world.connection, scope, value, None, world.now)
    (row,) = list_pauses(world.connection, world.now)
    assert scope_to_resume(row) == resumed


def test_what_was_not_accepted_is_listed_page_by_page(
    console: ConsoleClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble_page, "REJECTIONS", 2)
    ids = [uuid4() for _ in range(3)]
    for message_id in ids:
        world.wait(seconds=1)
        body = {"message_id": str(message_id), "user_id": "ada", "agent_id": "careless", "priority": "soon"}
        world.publish({**body, "message_data": {"type": "x"}})
    first = console.get("/trouble")
    assert ids_on(first) == [ids[2], ids[1]]
    assert "invalid field" in first
    older = re.search(rf'href="{BASE}(/trouble\?rejected_before[^"#]*)', first)
    assert older is not None
    assert ids_on(console.get(html.unescape(older[1]))) == [ids[0]]
    assert "rejected" in console.get(f"/messages/{ids[0]}")
    assert "is no time" in console.get("/trouble?rejected_before=x", 422)


def test_other_trouble_is_shown(console: ConsoleClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    unknown = world.message()
    assert "Look further back" not in console.get("/trouble"), "every message was looked at"
    with monkeypatch.context() as patch:
        patch.setattr(message_list, "MOST_READ", 1)
        assert "Look further back" in console.get("/trouble")
    world.connection.execute("UPDATE message_queue SET status = 'failed', reason = 'unknown_outcome'")
    world.writes("Who is this?", phone="+12125550155")
    waiting = uuid4()
    world.connection.execute(
        "INSERT INTO orchestrator.waits_for_users (message_id, agent_id, since, until)"
        " VALUES (%s, 'saga', %s, %s + interval '15 minutes')",
        (waiting, world.now, world.now),
    )
    page = console.get("/trouble")
    assert f"{BASE}/messages/{unknown}" in page
    assert "Who is this?" in page
    assert f"{waiting}</a> by saga: rejected at 2026-03-03 15:15:00 UTC" in page
    assert "names no dead-letter queue" in page  # of the urgent queue, beside the others
    result = CheckResult("database", Grade.BAD, "is away", "Start it.")
    monkeypatch.setattr(trouble_page, "checks", lambda: {"the database": lambda: iter([result])})
    checked = console.post("/trouble/checks")
    assert "is away" in checked
    assert "Start it." in checked


def test_dead_letters_are_shown_and_sent_back(
    console: ConsoleClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = DeadLetterRecord("an-id", "handle", '{"agentId": "saga"}', world.now, {"reason": "not_json"})
    monkeypatch.setattr(trouble_page, "receive_dead_letters", lambda _url: iter([letter]))
    monkeypatch.setattr(trouble_page, "release", lambda _letter, _url: None)
    page = console.get("/trouble/dead-letters/enqueue")
    assert f"{letter.message_id}</a> by saga" in page
    assert "not_json" in page
    assert "none of enqueue" in console.get("/trouble/dead-letters/x", 422)
    question, _ = console.ask("redrive", queue="enqueue")
    assert question == "Send up to 0 dead letters back to the enqueue queue?"
    assert "none of enqueue" in console.refusal("/ask/redrive", queue="x")


# People --------------------------------------------------------------------------------------------------------------------


def test_words_are_approved_and_refused(console: ConsoleClient, world: World) -> None:
    world.person()
    assert "billing" in console.act("set-agent", prefix="billing", approval="yes")
    assert "words need approval" in console.get("/agents")
    ids = [world.message(agent_id="billing_1", message_data={"type": "x", "message": f"Text {n}"}) for n in (1, 2)]
    world.minute()
    trouble = console.get("/trouble")
    assert [trouble.count(f"Text {n}") for n in (1, 2)] == [1, 1]
    question, _ = console.ask("approve", message_id=str(ids[0]))
    assert "Text 1" in question
    assert "Approved" in console.act("approve", message_id=str(ids[0]))
    assert "Refused" in console.act("refuse", message_id=str(ids[1]))
    assert "does not wait for approval" in console.refusal("/ask/approve", message_id=str(ids[1]))
    world.minute()
    assert [world.state(each)[0] for each in ids] == ["sent", "cancelled"]
    assert "Text 1" not in console.get("/trouble")
    for action, name in (("approve", "message"), ("refuse", "message"), ("opt-out", "person")):
        assert f"Name a {name}" in console.refusal(f"/ask/{action}")


def test_people_are_listed_found_and_changed(
    console: ConsoleClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_page, "PEOPLE", 2)
    assert "orchestrator user add" in console.get("/people")
    ada = world.person(hourly_limit=1)
    for name, number in (("ben", "02"), ("eve", "03")):
        world.person(name, phone=f"+121255501{number}")
    world.message()
    world.minute()
    world.writes("STOP", phone="+12125550103")
    world.connection.execute(
        "INSERT INTO orchestrator.numbers (phone_number, dead_code, changed_at) VALUES ('+12125550102', 21614, %s)"
        " ON CONFLICT (phone_number) DO UPDATE SET dead_code = 21614",
        (world.now,),
    )
    first = console.get("/people")
    after = re.search(r"after=([0-9a-f-]+)", first)
    assert after is not None
    everyone = first + console.get(f"/people?after={after[1]}")
    assert everyone.count(f'<li><a href="{BASE}/people/') == 3
    for words in ("1 of 10 today, 1 of 1 this hour", "at limit", "opted out", "number dead", "10:00"):
        assert words in everyone, words
    assert str(ada) in console.get("/people?at_limit=1")
    assert console.get("/people?at_limit=1").count(f'<li><a href="{BASE}/people/') == 1
    assert "+12125550103" in console.get("/people?opted_out=1")
    person = console.get("/people?find=ada")
    assert "Texts an hour, now 1" in person
    assert "No user has the id" in console.get("/people?find=nobody", 422)

    change = {"user_id": str(ada), "daily_limit": "3", "quiet_hours": "22:00-07:00", "back": f"/people/{ada}"}
    question, _ = console.ask("change-person", **change)
    assert question == f"Change {ada}: daily limit 10 → 3, quiet hours 21:00-08:00 → 22:00-07:00?"
    assert "daily limit 10 → 3" in console.act("change-person", **change)
    ((_, action, _, recorded_change, _),) = recorded(world)
    assert (action, recorded_change["daily_limit"]) == ("user set", [10, 3])
    changed = console.get(f"/people/{ada}")
    assert "Texts a day, now 3" in changed
    _, form = console.ask("change-person", user_id=str(ada), external_id="ben")
    assert "belongs to another person" in console.refusal("/do/change-person", **form, why="a typing error")
    for fields, error in (
        ({}, "at least one value"),
        ({"daily_limit": "x"}, "is no whole number"),
        ({"zone": "Mars"}, "Mars"),
        ({"phone": "12"}, "phone"),
    ):
        assert error in console.refusal("/ask/change-person", user_id=str(ada), **fields), error


def test_a_person_is_opted_out_and_paused(console: ConsoleClient, world: World) -> None:
    ada = str(world.person())
    held = world.message(scheduled_for="2026-03-04T15:00:00Z")
    assert str(held) in console.get(f"/people/{ada}")
    assert f"Paused: user {ada}" in console.act("pause", kind="user", value=ada)
    assert f"Paused: user {ada}" in console.get(f"/people/{ada}")
    assert "Opted out" in console.act("opt-out", user_id=ada)
    assert world.state(held) == ("cancelled", "opted_out")
    assert "they asked for it" in console.get(f"/people/{ada}")
    assert [row[1] for row in recorded(world)] == ["pause", "user stop"]


# Agents --------------------------------------------------------------------------------------------------------------------


def test_agents_are_listed_with_their_rate_limit_and_what_is_held(
    console: ConsoleClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No agents have settings" in console.get("/agents")
    world.person()
    question, form = console.ask("set-agent", prefix="Saga", hourly_limit="1", urgent="no", purpose="transactional")
    assert (
        question
        == "Set the agents saga: may use urgent yes → no, hourly limit - → 1, purpose informational → transactional?"
    )
    console.post("/do/set-agent", **form, why="too many")
    for _ in range(2):
        world.message(agent_id="saga_1", message_data={"type": "note", "message": f"Text {uuid4()}"})
    world.message(agent_id="other")
    page = " ".join(console.get("/agents").split())
    assert "<b>saga</b>: 2 accepted this hour; limit 1 texts an hour; transactional; not urgent." in page
    assert "1 agent limit" in page
    assert "<b>publisher </b>: 1 accepted this hour; limit 500 texts an hour; informational." in page
    console.act("pause", kind="agent", value="saga")
    assert "Resume agent saga since" in console.get("/agents")
    console.act("set-agent", prefix="saga", hourly_limit="none", urgent="yes", urgent_at_night="on")
    assert "saga</b>: 2 accepted this hour; no hourly limit" in console.get("/agents")
    monkeypatch.setattr(agents_page, "GROUPS", 1)
    assert "after=publisher" in console.get("/agents")
    assert "<b>saga</b>" in console.get("/agents?after=q")
    monkeypatch.setattr(agents_page, "GROUPS", 50)
    assert "Removed the settings of saga" in console.act("remove-agent", prefix="saga")
    assert [row[1] for row in recorded(world)] == ["agent set", "pause", "agent set", "agent remove"]
    for fields, error in (
        ({"prefix": "saga"}, "at least one value"),
        ({"hourly_limit": "1"}, "beginning of the agents"),
        ({"prefix": "saga", "purpose": "fun"}, "none of transactional"),
        ({"prefix": "saga", "hourly_limit": "-1"}, "no whole number"),
    ):
        assert error in console.refusal("/ask/set-agent", **fields), error


# Numbers -------------------------------------------------------------------------------------------------------------------


def test_numbers_are_plotted_with_their_table(console: ConsoleClient, world: World) -> None:
    assert console.get("/numbers").count("Nothing to show.") == 5
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    world.message()
    world.minute()
    world.twilio_calls()
    assert world.take_in() == {"batchItemFailures": []}
    world.message(priority="low", message_data={"type": "note", "message": "News"})
    world.wait(hours=2)
    page = " ".join(console.get("/numbers").split())
    table = r"<tr><th scope=.row.>{}</th><td>{}</td>"
    assert re.search(table.format("Tue 15:00", "0</td><td>1</td><td>0</td><td>0"), page), "by hour and lane"
    assert re.search(table.format("Tue 15:00", "100"), page), "delivered"
    assert re.search(table.format("best time", "1"), page)
    assert re.search(table.format("up to 6 h", "1"), page)
    assert re.search(table.format("03 Mar", r"0\.0\d+"), page), "costs"
    assert page.count('role="img"') == 5
    assert re.search(table.format("Tue 14:00", "-"), page), "no text was there to be delivered"
    for label in ("best time: 1", "up to 1 h: 0", "up to 6 h: 1", "longer: 0"):
        assert f"<p>{label}</p>" in page, "below its bar"


# Every page ----------------------------------------------------------------------------------------------------------------


def test_text_from_outside_is_escaped_on_every_page(console: ConsoleClient, world: World) -> None:
    user = world.person(first_name=HOSTILE, external_id="ada", response_pattern=json.dumps({"best_hours": [18]}))
    message_id = world.message(
        priority="low", agent_id=HOSTILE, topic=HOSTILE, message_data={"type": HOSTILE, "message": HOSTILE}
    )
    pause(world.connection, "agent", HOSTILE, HOSTILE, world.now, HOSTILE)
    world.writes(HOSTILE, phone="+12125550155")
    world.publish({"user_id": HOSTILE, "agent_id": HOSTILE, "priority": HOSTILE, "message_data": {"type": "x"}})
    pages = [
        console.get(path)
        for path in ("/messages", f"/messages/{message_id}", "/people", f"/people/{user}", "/agents", "/trouble")
    ]
    pages.append(console.get("/messages?topic=%3Cscript%3Ealert(1)%3C/script%3E"))
    pages.append(console.get("/messages?user=%3Cscript%3Ealert(1)%3C/script%3E", 422))
    pages.append(console.post("/ask/change-person", user_id=str(user), name=HOSTILE, back=HOSTILE))
    for page in pages:
        assert "<script" not in page
        assert "&lt;script&gt;alert" in page
    _, form = console.ask("pause", kind="message_type", value="x", back='/"><script>alert(2)')
    assert "<script" not in console.post("/do/pause", **form, why=HOSTILE)


def test_the_console_needs_its_token(world: World) -> None:
    app = operator_console(database_of_request, "a test", BASE[1:], 8123)
    client = TestClient(app, base_url=ADDRESS)
    for path in ("/messages", "/", "/base/base.css", "/b-token/messages"):
        assert client.get(path).status_code == 403, path
    assert client.get(f"{BASE}/base/pages.css").status_code == 200
    assert client.post(f"{BASE}/ask/pause", data={"kind": "everything"}).status_code == 403


def test_the_command_serves_until_it_is_interrupted(
    world: World, monkeypatch: pytest.MonkeyPatch, run_command: Callable[..., str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator_cli.console.command.wait_for_interrupt", interrupt)
    monkeypatch.delenv("CONSOLE_PORT", raising=False)
    printed = run_command("console")
    assert re.search(r"http://127\.0\.0\.1:\d+/[\w-]{32}/\n", printed)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/x")
    assert "http" not in run_command("console", code=1)
