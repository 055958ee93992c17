"""STOP and START, through the real webhook (R11)."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from orchestrator.store.people import change_user
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback, twilio_error
from tests.world import WEBHOOK, World, sqs_event, sqs_record

TO = f"{WEBHOOK}/twilio/inbound"


def in_force(world: World) -> list[tuple[str, str | None]]:
    return world.all(
        "SELECT o.phone_number, u.external_id FROM orchestrator.opt_outs o LEFT JOIN users u ON u.id = o.user_id"
        " WHERE o.ended_at IS NULL ORDER BY 1"
    )


@pytest.mark.parametrize("word", ["STOP", "stopall", "Unsubscribe", "CANCEL", "end", "QUIT", "revoke", "OptOut"])
def test_stop_ends_everything_that_waits_and_blocks_what_comes(world: World, word: str) -> None:
    world.person()
    waiting = [
        world.message(),
        world.message(priority="low"),
        world.message(scheduled_for="2026-03-04T15:00:00Z"),
        world.message(sequence_id="019cb436-8d80-7c88-af29-573dbcc32d40", sequence_position=1, sequence_total=2),
    ]
    world.dispatch()  # the first is in the delivery queue already
    world.writes(word)
    assert {world.state(message_id) for message_id in waiting} == {("cancelled", "opted_out")}
    world.deliver()
    late = world.message(priority="urgent", can_delay=False)
    world.deliver()
    assert (world.texts(), world.state(late)) == ([], ("cancelled", "opted_out"))
    assert in_force(world) == [("+12125550101", "ada")]


def test_we_answer_no_stop_ourselves(world: World) -> None:
    world.person()
    world.writes("STOP")
    world.writes("HELP")
    world.minute()
    assert world.texts() == []
    assert world.claude.requests == []


@pytest.mark.parametrize("word", ["START", " yes ", "Unstop"])
def test_start_undoes_it_but_not_what_it_ended(world: World, word: str) -> None:
    world.person()
    ended = world.message()
    world.writes("STOP")
    world.wait(minutes=1)
    world.writes(word)
    assert in_force(world) == []
    world.message(message_data={"type": "x", "message": "Welcome back"})
    world.minute()
    assert world.texts() == ["Welcome back"]
    assert world.state(ended) == ("cancelled", "opted_out")


def test_yes_from_somebody_who_never_stopped_is_an_answer(world: World) -> None:
    world.travel_to("2026-03-03T23:00:00-05:00")
    world.person()
    world.message()
    world.minute()
    world.writes("YES")
    world.deliver()
    assert world.texts() == ["Hello"]


def test_yes_to_a_toll_free_number_is_an_answer_and_start_undoes_the_opt_out(world: World) -> None:
    world.person()
    world.writes("STOP", To="+18335550100")
    world.wait(minutes=1)
    world.writes("yes", To="+18335550100")
    assert in_force(world) == [("+12125550101", "ada")]
    world.writes("unstop", To="+18335550100")
    assert in_force(world) == []


def test_start_in_a_sentence_undoes_nothing(world: World) -> None:
    world.person()
    world.writes("STOP")
    world.writes("Yes please, start on Monday")
    assert in_force(world) == [("+12125550101", "ada")]


@pytest.mark.parametrize(
    ("text", "judged_by"),
    [("please stop texting me", "phrase"), ("I never want to hear from you people again", "claude")],
)
def test_free_words_are_caught_by_rule_or_by_claude(world: World, text: str, judged_by: str) -> None:
    world.person()
    waiting = world.message(scheduled_for="2026-03-04T15:00:00Z")
    world.writes(text)
    assert world.state(waiting) == ("cancelled", "opted_out")
    assert world.all("SELECT kind, judged_by FROM orchestrator.readings") == [("stop", judged_by)]
    assert len(world.claude.requests) == (judged_by == "claude")


def test_the_cost_of_reading_is_logged(world: World) -> None:
    ada = world.person()
    world.writes("I never want to hear from you people again")
    assert world.all("SELECT user_id, action_type, cost_usd > 0 FROM agent_actions_log") == [(ada, "read_reply", True)]


def test_a_stop_is_written_before_anybody_is_asked_anything(world: World) -> None:
    """One batch: Ada says STOP, and what Ben wrote has to be read."""
    world.person()
    world.person("ben", phone="+12125550102")
    seen: list[list[tuple[str, str | None]]] = []
    world.claude.misbehave = lambda _request: seen.append(in_force(world))
    world.twilio_calls(
        world.phones.write("+12125550102", "Hm, what is this?", TO), world.phones.write("+12125550101", "STOP", TO)
    )
    world.take_in()
    assert seen == [[("+12125550101", "ada")]]


def test_a_stop_that_comes_late_does_not_undo_a_later_start(world: World) -> None:
    world.person()
    stop = world.phones.write("+12125550101", "STOP", TO)
    world.twilio_calls(stop)
    records = world.inbound_records()
    world.wait(seconds=20)
    world.writes("START")
    world.invoke("inbound", sqs_event(records))
    assert in_force(world) == []


def test_a_start_that_twilio_repeats_after_a_later_stop_changes_nothing(world: World) -> None:
    world.person()
    world.writes("STOP")
    start = world.phones.write("+12125550101", "START", TO)
    for call, minutes in ((start, 1), (None, 1), (start, 60 * 24 * 60)):
        world.wait(minutes=minutes)
        if call is None:
            world.writes("STOP")
        else:
            world.twilio_calls(call)
            world.take_in()
    assert in_force(world) == [("+12125550101", "ada")]


def test_the_first_request_of_a_start_counts_also_where_its_repetition_is_taken_in_before(world: World) -> None:
    """SQS keeps no order: the repetition of the START comes first, then the STOP, then the START itself."""
    world.person()
    start = world.phones.write("+12125550101", "START", TO)
    world.twilio_calls(start)
    first = world.inbound_records()
    world.wait(seconds=10)
    world.twilio_calls(world.phones.write("+12125550101", "STOP", TO))
    stop = world.inbound_records()
    world.wait(seconds=10)
    world.twilio_calls(start)
    for records in (world.inbound_records(), stop, first):
        world.invoke("inbound", sqs_event(records))
    assert in_force(world) == [("+12125550101", "ada")]


def test_at_equal_times_stop_wins(world: World) -> None:
    world.person()
    for words in (("START", "STOP"), ("STOP", "START")):
        for word in words:
            world.writes(word)
        assert in_force(world) == [("+12125550101", "ada")], words
        world.wait(minutes=1)


def test_a_start_ends_no_stop_that_came_after_it_although_another_came_before(world: World) -> None:
    world.person()
    world.writes("STOP")
    world.wait(minutes=1)
    world.twilio_calls(world.phones.write("+12125550101", "START", TO))
    start = world.inbound_records()
    world.wait(minutes=1)
    world.writes("STOP")
    world.invoke("inbound", sqs_event(start))
    assert in_force(world) == [("+12125550101", "ada")]


def test_the_clock_of_the_webhook_orders_nothing(world: World) -> None:
    """Its host was wrong by an hour when the START came."""
    world.person()
    start = world.phones.write("+12125550101", "START", TO)
    world.wait(hours=1)
    world.twilio_calls(start)
    (record,) = world.inbound_records()
    world.wait(hours=-1)
    world.writes("STOP")
    record["attributes"]["SentTimestamp"] = str(int((world.now.timestamp() - 60) * 1000))
    world.invoke("inbound", sqs_event([record]))
    assert in_force(world) == [("+12125550101", "ada")]


def test_a_start_that_an_operator_sends_back_ends_no_stop_that_came_after_it(world: World) -> None:
    """A dead letter has lost the time at which SQS first received it."""
    world.person()
    world.twilio_calls(world.phones.write("+12125550101", "START", TO))
    (body,) = world.drain("INBOUND_QUEUE_URL")
    world.wait(minutes=1)
    world.writes("STOP")
    world.wait(minutes=1)
    sent_back = sqs_record(body, world.now, queue="inbound", attributes={"sqs_message_id": "first"})
    world.invoke("inbound", sqs_event([sent_back]))
    assert in_force(world) == [("+12125550101", "ada")]


def test_a_repeated_request_revives_no_number_and_moves_no_time(world: World) -> None:
    world.person()
    callback = world.phones.write("+12125550101", "Ok", TO)
    world.twilio_calls(callback)
    world.take_in()
    wrote_at = world.now
    world.wait(minutes=1)
    world.connection.execute(
        "INSERT INTO orchestrator.numbers (phone_number, dead_code, changed_at) VALUES ('+12125550101', 30005, %s)",
        (world.now,),
    )
    world.wait(minutes=1)
    world.twilio_calls(callback)
    world.take_in()
    assert world.all("SELECT dead_code FROM orchestrator.numbers") == [(30005,)]
    assert world.all("SELECT last_active_at FROM users") == [(wrote_at,)]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("please stop texting me", "START", "please stop texting me"), []),
        (("wrong number", "UNSTOP", "wrong number"), []),
        (("“Stop texting me.”", "yes", "“Stop texting me.”"), []),
        (("STOP", "yes", "QUIT", "yes"), [("+12125550101", "ada")]),
        (("HELP", "STOP", "HELP"), [("+12125550101", "ada")]),
        (("Ok", "ARRET", "Ok"), [("+12125550101", "ada")]),
    ],
)
def test_a_word_that_twilio_repeats_counts_when_it_came_first(
    world: World, words: tuple[str, ...], left: list[tuple[str, str | None]]
) -> None:
    """Each word that comes again is the identical signed request, an hour later."""
    world.person()
    calls = {word: world.phones.write("+12125550101", word, TO) for word in words}
    for word in words:
        world.twilio_calls(calls[word])
        world.take_in()
        world.wait(hours=1)
    assert in_force(world) == left


@pytest.mark.parametrize("text", ["wrong number", "You have the wrong number."])
def test_a_wrong_number_is_stopped(world: World, text: str) -> None:
    world.person()
    held = world.message(scheduled_for="2026-03-04T15:00:00Z")
    world.writes(text)
    assert world.state(held) == ("cancelled", "opted_out")
    assert world.all("SELECT source FROM orchestrator.opt_outs") == [("wrong_person",)]


def test_claude_finds_a_wrong_number(world: World) -> None:
    world.person()
    world.claude.find_intent = lambda _texts: "wrong_person"
    world.writes("Sorry, but Ada moved out years ago and this phone is mine")
    assert world.all("SELECT source FROM orchestrator.opt_outs") == [("wrong_person",)]
    assert world.all("SELECT kind, judged_by FROM orchestrator.readings") == [("wrong_person", "claude")]


def test_a_start_in_free_words_opts_nobody_in(world: World) -> None:
    """Twilio would hold the texts back all the same."""
    world.person()
    world.claude.find_intent = lambda _texts: "start"
    world.writes("You may send me those reports again, I changed my mind")
    assert world.all("SELECT kind FROM orchestrator.readings") == [("conversation",)]


def test_a_repeated_stop_after_start_changes_nothing(world: World) -> None:
    world.person()
    stop = world.phones.write("+12125550101", "STOP", TO)
    world.twilio_calls(stop)
    (body,) = world.drain("INBOUND_QUEUE_URL")
    record = sqs_record(body, world.now, queue="inbound")
    world.invoke("inbound", sqs_event([record]))
    assert in_force(world) == [("+12125550101", "ada")]
    world.wait(minutes=1)
    world.writes("START")
    record["attributes"]["SentTimestamp"] = str(int((world.now.timestamp() + 60) * 1000))
    world.invoke("inbound", sqs_event([record]))
    assert in_force(world) == []


def test_a_stop_from_nobody_counts_for_the_number(world: World) -> None:
    world.writes("STOP", phone="+14155550199")
    assert in_force(world) == [("+14155550199", None)]
    world.person(phone="+14155550199")
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("cancelled", "opted_out")


def test_stop_during_a_database_outage_is_not_lost(world: World) -> None:
    world.person()
    world.message(scheduled_for="2026-03-04T15:00:00Z")
    app = world.functions["inbound"]
    settings = app.database._settings
    away = settings.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/none")})
    app.database._connection, app.database._settings = None, away
    try:
        assert world.twilio_calls(world.phones.write("+12125550101", "STOP", TO)) == [200]
        bodies = world.drain("INBOUND_QUEUE_URL")
        event = sqs_event([sqs_record(bodies[0], world.now, queue="inbound")])
        assert len(world.invoke("inbound", event)["batchItemFailures"]) == 1
    finally:
        app.database._settings = settings
    world.invoke("inbound", event)
    assert in_force(world) == [("+12125550101", "ada")]


def test_a_stop_while_a_text_is_on_its_way_blocks_the_next_one(world: World) -> None:
    world.person()
    message_id = world.message()

    def stop_meanwhile(_fields: object) -> HttpAnswer | None:
        world.writes("STOP")  # reserved already: this one is on its way
        return None

    world.phones.misbehave = stop_meanwhile
    world.minute()
    assert (world.state(message_id), world.texts()) == (("sent", None), ["Hello"])
    assert in_force(world) == [("+12125550101", "ada")]


def test_twilio_tells_of_an_opt_out_afterwards_through_a_messaging_service(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    (sent,) = world.phones.callbacks[:1]
    world.twilio_calls(Callback(sent.url, {**sent.fields, "MessageStatus": "failed", "ErrorCode": "21610"}))
    world.take_in()
    world.phones.callbacks.clear()
    assert in_force(world) == [("+12125550101", "ada")]


# Rows that already exist -------------------------------------------------------------------------------------------------

ADA, NEW, SHE_HAD, BEN_HAS = "+12125550101", "+12125550111", "+12125550109", "+12125550102"


def delivered_to(world: World, user: str) -> tuple[str, str | None]:
    """What becomes of a message to a person now."""
    message_id = world.message(user, message_data={"type": "note", "message": f"Hello at {world.now:%H:%M:%S}"})
    world.minute()
    return world.state(message_id)


def test_twilio_refuses_a_wave_for_a_number_that_said_stop_meanwhile(world: World) -> None:
    """21610 for a number that is opted out already, beside one that is not: one opt-out each, the first one stays."""
    world.person_with_a_past()
    world.person("ben", phone=BEN_HAS)
    world.person("cem", phone="+12125550103")
    messages = [world.message(user) for user in ("ada", "ben", "cem")]

    def refuse(fields: dict[str, str]) -> HttpAnswer | None:
        if fields["To"] == "+12125550103":
            return None
        if fields["To"] == ADA:
            world.writes("STOP")
        return twilio_error(400, 21610, "Attempt to send to unsubscribed recipient")

    world.phones.misbehave = refuse
    world.minute()
    assert [world.state(message_id) for message_id in messages] == [
        ("cancelled", "opted_out"),
        ("cancelled", "opted_out"),
        ("sent", None),
    ]
    assert in_force(world) == [(ADA, "ada"), (BEN_HAS, "ben"), (SHE_HAD, "ada-before")]
    assert world.all("SELECT source FROM orchestrator.opt_outs WHERE phone_number = %s", ADA) == [("keyword",)]


def test_start_from_a_new_number_whose_former_owner_said_stop(world: World) -> None:
    """Ben said STOP on the number, and has another now. Ada has it, is opted out of old, and says START on it."""
    world.person_with_a_past()
    world.person("ben", phone=NEW)
    world.writes("STOP", phone=NEW)
    change_user(world.connection, "ben", {"phone_number": BEN_HAS}, world.now)
    world.writes("STOP")
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    world.wait(minutes=1)
    world.writes("START", phone=NEW)
    assert in_force(world) == [(ADA, None), (BEN_HAS, "ben"), (SHE_HAD, "ada-before")]
    assert delivered_to(world, "ben") == ("cancelled", "opted_out")
    assert delivered_to(world, "ada") == ("sent", None)
    world.person("dan", phone=ADA)
    assert delivered_to(world, "dan") == ("cancelled", "opted_out")


def test_start_frees_nobody_who_had_said_stop_on_two_numbers(world: World) -> None:
    """Ben is opted out on his present number already when the one he had before is freed: his opt-out stays as it was."""
    world.person("ben", phone=NEW)
    world.writes("STOP", phone=NEW)
    change_user(world.connection, "ben", {"phone_number": BEN_HAS}, world.now)
    world.wait(minutes=1)
    world.writes("STOP", phone=BEN_HAS)
    world.person_with_a_past("ada", phone=ADA)
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    world.wait(minutes=1)
    world.writes("START", phone=NEW)
    assert (BEN_HAS, "ben") in in_force(world)
    assert delivered_to(world, "ben") == ("cancelled", "opted_out")
    assert delivered_to(world, "ada") == ("sent", None)


def test_a_new_stop_after_an_ended_one_counts_and_a_start_from_between_does_not(world: World) -> None:
    world.person_with_a_past()
    early_start = world.phones.write(ADA, "START", TO)
    world.twilio_calls(early_start)
    (late_body,) = world.drain("INBOUND_QUEUE_URL")
    sent_at = world.now
    world.wait(minutes=1)
    world.writes("STOP")
    world.invoke("inbound", sqs_event([sqs_record(late_body, sent_at, queue="inbound")]))
    assert (ADA, "ada") in in_force(world)
    assert delivered_to(world, "ada") == ("cancelled", "opted_out")


def test_stop_cancels_what_waits_for_this_person_and_for_no_other(world: World) -> None:
    world.person_with_a_past()
    world.person_with_a_past("cem", phone="+12125550131")
    hers = world.message(scheduled_for=world.now + timedelta(hours=1))
    his = world.message("cem", scheduled_for=world.now + timedelta(hours=1))
    world.writes("STOP")
    assert (world.state(hers), world.state(his)) == (("cancelled", "opted_out"), ("queued", "scheduled"))
    assert world.all(
        "SELECT u.external_id, m.status, count(*) FROM message_queue m JOIN users u ON u.id = m.user_id"
        " WHERE m.sequence_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
    ) == [("ada", "cancelled", 2), ("cem", "queued", 2)]
    assert world.all(
        "SELECT count(*) FROM orchestrator.timeline WHERE reason = 'opted_out' AND at = %s", world.now
    ) == [(3,)]
