"""A phone talks back: texts through the real webhook, taken in, and what comes forward (R4)."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from orchestrator.rules.intents import Intent
from orchestrator.store.conversation import classify_by_operator, list_unread_texts, read_unknown_senders
from orchestrator.store.gauges import read_gauges
from orchestrator.store.people import is_user_active, read_user
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.world import WEBHOOK, World, http_event, sqs_event

NIGHT = "2026-03-03T23:00:00-05:00"
TO = f"{WEBHOOK}/twilio/inbound"


def kinds(world: World) -> list[tuple[str, str]]:
    return world.all("SELECT kind, judged_by FROM orchestrator.readings ORDER BY received_at, inbound_id")


@pytest.mark.parametrize("sample", ["webhook", "webhook_text", "webhook_function_url"])
def test_a_text_joins_the_conversation_of_its_person(world: World, sample: str) -> None:
    ada = world.person()
    callback = world.phones.write("+12125550101", "Tell me more", TO)
    answer = world.invoke("webhook", http_event(callback, sample))
    assert (answer["statusCode"], answer["headers"]) == (200, {"content-type": "text/xml"})
    assert answer["body"] == '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
    world.take_in()
    assert world.all(
        "SELECT user_id, role, content, direction, status, twilio_message_sid, created_at FROM messages"
    ) == [(ada, "user", "Tell me more", "inbound", "received", callback.fields["MessageSid"], world.now)]
    assert world.all("SELECT user_id, phone_number, status, last_message_at FROM conversations") == [
        (ada, "+12125550101", "active", world.now)
    ]
    assert world.all("SELECT last_active_at FROM users") == [(world.now,)]


def test_the_same_text_twice_is_one(world: World) -> None:
    world.person()
    callback = world.phones.write("+12125550101", "Tell me more", TO)
    for _ in range(2):
        world.twilio_calls(callback, callback)
        world.take_in()
        world.wait(minutes=1)
    assert world.all("SELECT count(*) FROM messages") == [(1,)]
    assert len(world.claude.requests) == 1


def test_one_conversation_goes_on(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    world.writes("Tell me more")
    world.writes("And more")
    assert world.all("SELECT count(*) FROM conversations") == [(1,)]
    assert world.all("SELECT count(DISTINCT conversation_id), count(*) FROM messages") == [(1, 3)]


def test_what_waits_comes_forward_within_seconds_best_first_and_three_at_most(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    for priority in ("low", "high", "medium", "medium", "high"):
        world.message(priority=priority, message_data={"type": "x", "message": priority})
    world.minute()
    assert world.texts() == []
    world.writes("Anything new?")
    world.deliver()
    assert sorted(world.texts()) == ["high", "high", "medium"]
    world.minute()
    assert len(world.texts()) == 3, "the fourth waits for the morning"


def test_the_ceilings_of_activity_are_settings_of_each_function(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("inbound", "dispatch", "deliver"):
        app = world.functions[name]
        changed = app.settings.model_copy(update={"active_texts_per_inbound": 4, "active_texts_per_hour": 5})
        monkeypatch.setitem(app.__dict__, "settings", changed)
    world.travel_to(NIGHT)
    world.person()
    for n in range(7):
        world.message(message_data={"type": "x", "message": str(n)})
    world.minute()
    world.writes("Anything new?")
    for went in (4, 5):
        for _ in range(3):
            world.deliver()
            world.minute()
        assert len(world.texts()) == went
        world.wait(minutes=1)
        world.writes("And what else?")


def test_nothing_comes_forward_ahead_of_its_own_time(world: World) -> None:
    world.person()
    later = world.message(scheduled_for="2026-03-03T18:00:00Z")
    world.writes("Anything new?")
    world.deliver()
    assert (world.texts(), world.state(later)) == ([], ("queued", "scheduled"))


def test_what_is_stale_does_not_come_forward_and_one_question_serves_both(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    over = world.message(requires_fresh_context=True)
    world.minute()
    world.wait(minutes=1)
    world.writes("That is solved already")
    world.deliver()
    assert (world.texts(), world.state(over)) == ([], ("superseded", "stale"))
    assert len(world.claude.requests) == 1


def test_while_a_text_is_unjudged_nothing_goes_and_nothing_is_lost(world: World) -> None:
    """Claude is away: the person may have asked us to stop."""
    world.person()
    world.claude.misbehave = lambda _request: HttpAnswer(529, {})
    world.twilio_calls(world.phones.write("+12125550101", "Hm, what is this?", TO))
    failed = world.take_in()["batchItemFailures"]
    assert len(failed) == 1, "the record comes back"
    urgent = world.message(priority="urgent", can_delay=False)
    world.deliver()
    assert (world.texts(), world.state(urgent)) == ([], ("queued", "reply_unjudged"))
    world.wait(minutes=2)
    world.minute()
    assert world.state(urgent) == ("queued", "reply_unjudged")


def test_who_reads_a_text_reads_those_before_it_too(world: World) -> None:
    """The first one's record may lie in a dead-letter queue by now."""
    world.person()
    world.claude.misbehave = lambda _request: HttpAnswer(529, {})
    world.twilio_calls(world.phones.write("+12125550101", "Hm, what is this?", TO))
    world.take_in()
    world.claude.misbehave = None
    world.wait(minutes=1)
    world.writes("Hello? Anybody?")
    assert [said["text"] for said in _asked(world)] == ["Hm, what is this?", "Hello? Anybody?"]
    assert kinds(world) == [("conversation", "claude"), ("conversation", "claude")]


def test_a_text_that_comes_while_another_is_read_has_to_be_read_itself(world: World) -> None:
    world.person()
    held = world.message(scheduled_for="2026-03-03T15:01:00Z")

    def meanwhile(_request: object) -> None:
        world.claude.misbehave = lambda _request: HttpAnswer(529, {})
        world.twilio_calls(world.phones.write("+12125550101", "Well, enough is enough", TO))
        world.take_in()

    world.claude.misbehave = meanwhile
    world.writes("Hm, what is this?")
    assert sorted(kind for kind, _ in kinds(world)) == ["conversation", "unjudged"]
    world.wait(minutes=1)
    world.minute()
    assert (world.texts(), world.state(held)) == ([], ("queued", "reply_unjudged"))


def _asked(world: World) -> list[dict[str, str]]:
    """What the person wrote, as Claude was last asked about it."""
    prompt = world.claude.requests[-1]["messages"][0]["content"]
    said: list[dict[str, str]] = json.loads(prompt.partition("<conversation>\n")[2].partition("\n</conversation>")[0])
    return said


def test_what_waited_for_a_judgement_goes_at_once_when_it_comes(world: World) -> None:
    world.person()
    world.claude.misbehave = lambda _request: HttpAnswer(529, {})
    callback = world.phones.write("+12125550101", "Hm, what is this?", TO)
    world.twilio_calls(callback)
    world.take_in()
    held = world.message()
    world.minute()
    assert world.state(held) == ("queued", "reply_unjudged")
    world.claude.misbehave = None
    world.twilio_calls(callback)  # SQS shows the record again
    world.take_in()
    world.deliver()
    assert world.texts() == ["Hello"]


def test_a_text_that_arrives_while_a_message_is_on_its_way_still_stops_it(world: World) -> None:
    """It is checked last of all, in the statement that reserves."""
    world.person()
    message_id = world.message(message_data={"type": "x", "findings": [1]})

    def meanwhile(_request: object) -> None:
        world.claude.misbehave = lambda _request: HttpAnswer(529, {})
        world.twilio_calls(world.phones.write("+12125550101", "Hm, what is this?", TO))
        world.take_in()

    world.claude.misbehave = meanwhile
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("queued", "reply_unjudged"))


@contextmanager
def without_a_key(world: World) -> Iterator[None]:
    """The inbound function has no key for Claude."""
    app = world.functions["inbound"]
    settings = app.settings
    app.__dict__["settings"] = settings.model_copy(update={"anthropic_api_key": None})
    try:
        yield
    finally:
        app.__dict__["settings"] = settings


def test_without_claude_the_rules_alone_judge(world: World) -> None:
    world.person()
    with without_a_key(world):
        world.writes("Hm, what is this?")
    assert kinds(world) == [("conversation", "nobody")]
    assert world.claude.requests == []


def test_without_claude_a_possible_wish_holds_everything_and_its_record_does_not_come_back(world: World) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    waiting = world.message()
    world.minute()
    with without_a_key(world):
        world.writes("I have had enough of this")
    urgent = world.message(priority="urgent", can_delay=False)
    world.deliver()
    world.wait(minutes=5)
    world.minute()
    assert (world.texts(), world.state(urgent)) == ([], ("queued", "reply_unjudged"))
    assert world.state(waiting)[0] == "queued"
    assert [text.user_id for text in list_unread_texts(world.connection, None, 5)] == [ada]
    world.wait(hours=1)
    assert read_gauges(world.connection, world.now).oldest_unread == 65 * 60


@pytest.mark.parametrize(
    ("kind", "texts", "state"),
    [(Intent.CONVERSATION, ["Hello"], ("sent", None)), (Intent.STOP, [], ("cancelled", "opted_out"))],
)
def test_an_operator_reads_a_text(world: World, kind: Intent, texts: list[str], state: tuple[str, str | None]) -> None:
    world.person()
    with without_a_key(world):
        world.writes("I have had enough of this")
    held = world.message()
    world.minute()
    unread = list_unread_texts(world.connection, None, 5)
    assert [text.content for text in unread] == ["I have had enough of this"]
    classify_by_operator(world.connection, unread, kind, world.now)
    world.wait(minutes=1)
    world.minute()
    assert (world.texts(), world.state(held)) == (texts, state)
    assert kinds(world) == [(kind, "operator")]


def test_the_next_start_resolves_an_unread_text_and_so_does_one_that_came_before_it(world: World) -> None:
    world.person()
    with without_a_key(world):
        world.twilio_calls(world.phones.write("+12125550101", "I have had enough of these", TO))
        late = world.inbound_records()
        world.wait(minutes=1)
        world.writes("I have had enough of this")
        world.wait(minutes=1)
        world.writes("START")
        world.invoke("inbound", sqs_event(late))
    assert kinds(world) == [("conversation", "nobody"), ("conversation", "next_word"), ("start", "keyword")]
    world.message()
    world.minute()
    assert world.texts() == ["Hello"]


def test_a_start_that_came_before_an_unread_text_resolves_nothing_and_neither_does_a_harmless_one(world: World) -> None:
    world.person()
    with without_a_key(world):
        world.twilio_calls(world.phones.write("+12125550101", "START", TO))
        late = world.inbound_records()
        world.wait(minutes=1)
        world.writes("laissez-moi tranquille")
        world.invoke("inbound", sqs_event(late))
        world.writes("ok")
    held = world.message(priority="urgent", can_delay=False)
    world.deliver()
    assert (world.texts(), world.state(held)) == ([], ("queued", "reply_unjudged"))


@pytest.mark.parametrize(
    "text",
    [
        "I'm driving right now. I am not interested, lose my number",
        "Thank you for contacting us. Please remove me from your list.",
        "Thanks\n--\nStop texting me",
        "My answer is “please stop texting me”",
    ],
)
def test_a_wish_beside_other_words_is_read_before_anything_goes(world: World, text: str) -> None:
    world.person()
    world.claude.find_intent = lambda _texts: "stop"
    held = world.message(scheduled_for="2026-03-04T15:00:00Z")
    world.writes(text)
    assert world.state(held) == ("cancelled", "opted_out")
    assert kinds(world) == [("stop", "claude")]


@pytest.mark.parametrize(
    "text",
    [
        "I'm driving with Focus turned on. I'll see your message when I get where I'm going.",
        "Automatic reply: I am out of the office until Monday",
    ],
)
def test_an_automatic_answer_makes_nobody_active(world: World, text: str) -> None:
    world.travel_to(NIGHT)
    world.person()
    held = world.message()
    world.minute()
    world.writes(text)
    world.deliver()
    world.minute()
    assert (world.texts(), world.state(held)) == ([], ("queued", "quiet_hours"))
    assert kinds(world) == [("automatic", "phrase")]


def test_the_same_words_again_make_nobody_active(world: World) -> None:
    """An automatic answer that no phrase gives away."""
    world.travel_to("2026-03-03T21:00:00-05:00")
    world.person()
    world.writes("We got your text and come back to you")
    world.wait(minutes=30)
    held = world.message()
    world.minute()
    for words in ("We got your text and come back to you", "we got your text  and come back to you."):
        world.writes(words)
        world.deliver()
        world.wait(minutes=1)
        world.minute()
    assert (world.texts(), world.state(held)) == ([], ("queued", "quiet_hours"))
    world.writes("It is me now")
    world.deliver()
    assert world.texts() == ["Hello"]


def test_a_text_over_another_channel_makes_nobody_active(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    held = world.message()
    world.minute()
    world.writes("Anything new?", phone="whatsapp:+12125550101")
    world.deliver()
    assert (world.texts(), world.state(held)) == ([], ("queued", "quiet_hours"))
    world.writes("Anything else?", phone="rcs:+12125550101")
    world.deliver()
    assert world.texts() == ["Hello"]


def test_claude_reads_the_end_of_a_long_text_and_our_last_two_texts(world: World) -> None:
    world.person(hourly_limit=9)
    for words in ("Welcome to the reports", "Here is your report", "Still want these?"):
        world.message(message_data={"type": "note", "message": words})
        world.minute()
        world.twilio_calls()
        world.take_in()
        world.wait(minutes=1)
    beginning = "Good day. " * 200
    world.writes(f"{beginning}and so I had enough")
    assert _asked(world)[-1]["text"].startswith("Good day.")
    assert _asked(world)[-1]["text"].endswith("and so I had enough")
    assert len(_asked(world)[-1]["text"]) < 1_650
    assert [text["text"] for text in _asked(world) if text["from"] == "service"] == [
        "Here is your report",
        "Still want these?",
    ]
    assert kinds(world) == [("stop", "claude")]


def test_media_emoji_and_empty_bodies_are_texts_too(world: World) -> None:
    world.person()
    world.writes(
        "", NumMedia="2", MediaUrl0="https://api.twilio.com/m/0", MediaContentType0="image/jpeg",
        MediaUrl1="https://api.twilio.com/m/1", MediaContentType1="text/vcard",
    )  # fmt: skip
    world.writes("")
    world.writes("🎉👩‍👩‍👧")
    world.writes("a\0b")
    found = Counter(content for (content,) in world.all("SELECT content FROM messages"))
    assert found == Counter(["[image/jpeg, text/vcard]", "", "🎉👩‍👩‍👧", "ab"])
    assert world.all("SELECT place, url, content_type FROM orchestrator.media ORDER BY place") == [
        (1, "https://api.twilio.com/m/0", "image/jpeg"),
        (2, "https://api.twilio.com/m/1", "text/vcard"),
    ]


def test_texts_of_nobody_are_kept_aside(world: World) -> None:
    for _ in range(2):
        world.writes("Who are you?", phone="+14155550199", MessageSid="SM-same")
    assert world.all("SELECT sid, phone_number, body FROM orchestrator.strangers") == [
        ("SM-same", "+14155550199", "Who are you?")
    ]
    assert world.all("SELECT 1 FROM messages") == []
    world.wait(minutes=1)
    world.writes("Hello?", phone="+14155550198")
    world.wait(minutes=1)
    world.writes("Anyone?", phone="+14155550199")
    newest = [(text["phone_number"], text["body"]) for text in read_unknown_senders(world.connection, 2)]
    assert newest == [("+14155550199", "Anyone?"), ("+14155550198", "Hello?")]


def test_a_field_that_twilio_never_sends_lies_in_the_dead_letter_queue_with_its_reason(world: World) -> None:
    world.twilio_calls(world.phones.write("+12125550101", "Hi", TO, NumMedia="many"))
    assert world.take_in() == {"batchItemFailures": []}
    (letter,) = world.drain_messages("INBOUND_DLQ_URL")
    assert letter["MessageAttributes"]["field"] == "/twilio/inbound.form.NumMedia"


def test_help_and_stop_make_nobody_active(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    held = world.message()
    world.minute()
    world.writes("HELP")
    world.writes("AYUDA", OptOutType="HELP")
    world.minute()
    assert (world.texts(), world.state(held)) == ([], ("queued", "quiet_hours"))
    assert kinds(world) == [("help", "keyword"), ("help", "opt_out_type")] or kinds(world) == [
        ("help", "opt_out_type"),
        ("help", "keyword"),
    ]


def test_what_an_agent_writes_to_itself_makes_nobody_active(world: World) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    held = world.message()
    world.minute()
    world.says(ada, '{"type": "re_engagement_check"}')
    world.connection.execute("UPDATE messages SET role = 'system'")
    world.minute()
    assert (world.texts(), world.state(held)) == ([], ("queued", "quiet_hours"))
    assert not is_user_active(world.connection, "ada", world.now)
    assert read_user(world.connection, "ada", world.now).person.last_inbound_at is None
    world.says(ada, "Hello?")
    world.minute()
    assert (world.texts(), world.state(held)[0]) == (["Hello"], "sent")
    assert is_user_active(world.connection, "ada", world.now)


def test_a_verdict_on_what_was_written_before_decides_nothing_once_the_person_wrote_again(world: World) -> None:
    ada = world.person()
    message = world.message(requires_fresh_context=True)
    for seconds, kind in ((1, "conversation"), (1, "unjudged")):
        world.wait(seconds=seconds)
        world.says(ada, kind)
        world.connection.execute(
            "INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, received_at)"
            " SELECT id, user_id, '+12125550101', content, created_at FROM messages WHERE content = %s",
            (kind,),
        )
    world.connection.execute(
        "INSERT INTO orchestrator.relevance (message_id, inbound_id, verdict, why, judged_at)"
        " SELECT %s, id, 'stale', '', created_at FROM messages WHERE content = 'conversation'",
        (message,),
    )
    world.minute()
    assert world.state(message) == ("queued", "reply_unjudged")


def test_a_callback_about_nothing_we_know_harms_no_text_beside_it(world: World) -> None:
    world.person()
    ids = f"message_id={uuid4()}&attempt_id={uuid4()}"
    status = world.phones.write("+12125550101", "x", f"{WEBHOOK}/twilio/status?{ids}", MessageStatus="sent")
    world.twilio_calls(status, world.phones.write("+12125550101", "Tell me more", TO))
    world.take_in()
    assert world.all("SELECT content FROM messages") == [("Tell me more",)]
