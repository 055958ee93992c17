"""What is known of numbers, and numbers that change or pass to somebody else."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import InvalidPerson
from orchestrator.people import is_e164, parse_number
from orchestrator.settings import PolicySettings, load
from orchestrator.store.migrate import MIGRATIONS
from orchestrator.store.opt_outs import OptOut, write_opt_outs
from orchestrator.store.people import (
    change_user,
    is_user_active,
    list_unreadable_numbers,
    list_zone_faults,
    read_user,
)
from orchestrator_local.stand_ins.phones import Callback
from tests.cases import table
from tests.world import World

OLD, NEW = "+12125550101", "+12125550111"


def fails(world: World, code: int, phone: str = OLD) -> None:
    """A text goes out, and the carrier tells a failure."""
    world.message(message_data={"type": "x", "message": f"try {code}"})
    world.minute()
    (sent,) = [callback for callback in world.phones.callbacks if callback.fields["To"] == phone][:1]
    world.phones.callbacks.clear()
    told = Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": str(code)})
    world.twilio_calls(told, told)  # repeated, it follows once
    world.take_in()


def test_an_unreachable_phone_waits_longer_each_time_until_it_is_reached(world: World) -> None:
    world.person(hourly_limit=100)
    waits = []
    for _ in range(3):
        fails(world, 30003)
        held = world.message()
        world.minute()
        assert world.state(held) == ("queued", "phone_unreachable")
        due = world.row(held)["scheduled_for"]
        waits.append((due - world.now).total_seconds() / 3600)
        world.all("DELETE FROM orchestrator.timeline WHERE message_id = %s RETURNING 1", held)
        world.all("UPDATE message_queue SET status = 'cancelled' WHERE id = %s RETURNING 1", held)
        world.travel_to(due)
    assert waits == [1, 2, 4]
    world.message()
    world.minute()
    world.twilio_calls()
    world.take_in()
    assert world.all("SELECT failures, unreachable_until FROM orchestrator.numbers") == [(0, None)]


def test_a_failure_that_twilio_reports_again_later_counts_once(world: World) -> None:
    world.person_with_a_past()
    world.message()
    world.minute()
    (sent,) = [callback for callback in world.phones.callbacks if callback.fields["To"] == OLD][:1]
    report = Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": "30003"})
    world.twilio_calls(report)
    world.take_in()
    first = world.all("SELECT * FROM orchestrator.numbers")
    world.wait(minutes=5)
    world.twilio_calls(report, Callback(sent.url, sent.fields))
    world.take_in()
    assert world.all("SELECT * FROM orchestrator.numbers") == first
    assert world.all("SELECT failures, unreachable_until FROM orchestrator.numbers") == [
        (1, world.now + timedelta(minutes=55))
    ]
    world.phones.callbacks.clear()


def test_a_phone_that_writes_can_be_reached(world: World) -> None:
    world.person()
    fails(world, 30003)
    held = world.message()
    world.minute()
    world.writes("I am back")
    world.minute()
    assert world.state(held)[0] in ("sent", "queued")
    assert world.all("SELECT 1 FROM orchestrator.numbers") == []


@pytest.mark.parametrize("code", [30005, 30006])
def test_a_number_that_gets_no_texts_is_remembered_until_it_changes(world: World, code: int) -> None:
    world.person()
    fails(world, code)
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("failed", "bad_number")
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    world.message(message_data={"type": "x", "message": "Hello again"})
    world.minute()
    assert world.texts(NEW) == ["Hello again"]


def test_when_carriers_refuse_our_account_everybody_waits(world: World) -> None:
    world.person()
    fails(world, 30032)
    message_id = world.message()
    world.minute()
    assert world.state(message_id)[0] == "queued"
    assert len(world.texts()) == 1
    ((scope, note),) = world.all("SELECT scope, note FROM orchestrator.pauses")
    assert (scope, note) == ("provider", "Carriers refuse our account: code 30032")


def test_carrier_filtering_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.person()
    fails(world, 30007)
    assert '"CarrierFiltered":[1.0]' in capsys.readouterr().out
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("sent", None)


# Change and recycling --------------------------------------------------------------------------------------------------


def moves(world: World, number: str = NEW) -> UUID:
    return change_user(world.connection, "ada", {"phone_number": number}, world.now)


def test_what_waits_follows_the_person_and_the_old_number_goes_to_history(world: World) -> None:
    world.person()
    world.message(message_data={"type": "x", "message": "before"})
    world.minute()
    (conversation,) = world.all("SELECT id FROM conversations")[0]
    waiting = world.message(conversation_context_id=str(conversation), message_data={"type": "x", "message": "after"})
    moves(world)
    world.minute()
    assert (world.texts(OLD), world.texts(NEW)) == (["before"], ["after"])
    assert world.state(waiting) == ("sent", None)
    assert world.all("SELECT phone_number_history FROM users") == [([OLD],)]
    assert world.all("SELECT phone_number, status FROM conversations ORDER BY created_at, phone_number") == [
        (OLD, "closed"),
        (NEW, "active"),
    ]


def test_texts_from_the_old_number_are_no_longer_theirs(world: World) -> None:
    world.person()
    moves(world)
    world.writes("Hi, wrong number?", phone=OLD)
    assert world.all("SELECT phone_number FROM orchestrator.strangers") == [(OLD,)]
    assert world.all("SELECT 1 FROM messages") == []


def test_when_a_number_passes_to_another_nothing_of_the_former_owner_reaches_it(world: World) -> None:
    ada = world.person()
    world.writes("Tell me all about it")
    world.message(message_data={"type": "x", "message": "for Ada"}, scheduled_for="2026-03-03T15:30:00Z")
    moves(world)
    ben = world.person("ben", phone=OLD, first_name="Ben")
    world.writes("Who is there?", phone=OLD)
    world.publish({"action": "reply", "user_id": "ada", "content": "a reply to Ada"})
    world.wait(minutes=31)
    world.minute()
    world.deliver()
    assert world.texts(OLD) == []
    assert sorted(world.texts(NEW)) == ["a reply to Ada", "for Ada"]
    assert world.all(
        "SELECT user_id, content FROM messages WHERE direction = 'inbound' ORDER BY created_at, content"
    ) == [
        (ada, "Tell me all about it"),
        (ben, "Who is there?"),
    ]


def test_an_opt_out_stays_with_the_number_and_with_the_person(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    for user in ("ada", "ben"):
        assert world.state(_delivered(world, user)) == ("cancelled", "opted_out")


def test_a_new_owners_start_frees_the_number_and_not_the_former_owner(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("START", phone=OLD)
    assert world.state(_delivered(world, "ben")) == ("sent", None)
    assert world.state(_delivered(world, "ada")) == ("cancelled", "opted_out")


def test_a_persons_start_from_their_new_number_does_not_free_the_old_one(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("START", phone=NEW)
    assert world.state(_delivered(world, "ada")) == ("sent", None)
    assert world.state(_delivered(world, "ben")) == ("cancelled", "opted_out")


def test_two_people_who_stopped_on_one_number_both_stay_opted_out(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("STOP", phone=OLD)
    change_user(world.connection, "ben", {"phone_number": "+12125550112"}, world.now)
    for user in ("ada", "ben"):
        assert world.state(_delivered(world, user)) == ("cancelled", "opted_out")


def _delivered(world: World, user: str) -> UUID:
    message_id = world.message(user)
    world.minute()
    return message_id


# Spellings ------------------------------------------------------------------------------------------------------------


def spellings() -> list[tuple[str, str | None]]:
    """The table of spellings, each with its E.164 form."""
    rows = [(_unescape(text), number) for text, number in table("numbers.txt")]
    return [(text, None if number == "unreadable" else number) for text, number in rows]


def _unescape(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text).replace("·", " ")


# Every country, so that what is refused is refused for its spelling.
EVERYWHERE = frozenset(phonenumbers.SUPPORTED_REGIONS)
# Ofcom's numbers for drama, and the form that Mexico gave up in 2019: an operator cannot add them.
NOT_ASSIGNED = ("+447700900123", "+5215512345678")
READABLE = [text for text, number in spellings() if number == "+12125550111" and len(text) <= 20]
UNREADABLE = [text for text, number in spellings() if number is None and len(text) <= 20]


@pytest.mark.parametrize(("text", "number"), spellings())
def test_how_a_stored_number_is_read(world: World, text: str, number: str | None) -> None:
    assert world.all("SELECT orchestrator.e164(%s), orchestrator.e164_of(%s)", text, text) == [(number, number)]


@pytest.mark.parametrize(("text", "number"), spellings())
def test_a_number_that_an_operator_types_is_read_as_a_stored_one(text: str, number: str | None) -> None:
    """Where both can read it, the table's number comes out of either."""
    try:
        accepted = parse_number(text, EVERYWHERE)
    except InvalidPerson:
        assert number is None or number in NOT_ASSIGNED or text.startswith(("sms:", "whatsapp:", "rcs:"))
        return
    assert accepted == number or number is None
    assert is_e164(accepted)


def test_the_table_is_large() -> None:
    assert len(spellings()) >= 60


@st.composite
def numbers_in_some_spelling(draw: st.DrawFn) -> tuple[str, str]:
    """A North American number, and a way in which a person or a program may write it."""
    digits = draw(st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
    separators = st.text(" ().-/\u00a0\u2011\u2013\u200b\u202a", max_size=2)
    spaced = "".join(draw(separators) + digit for digit in digits)
    prefix = draw(st.sampled_from(["", "1", "+1", "+1 ", "tel:", "tel:+1", "TEL: 1", "sms:+1", "\uff0b1"]))
    return prefix + spaced + draw(separators), f"+1{digits}"


@given(spelling=numbers_in_some_spelling())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_spelling_of_a_number_is_one_number(world: World, spelling: tuple[str, str]) -> None:
    text, number = spelling
    assert world.all("SELECT orchestrator.e164(%s)", text) == [(number,)]
    try:
        assert parse_number(text, EVERYWHERE) == number
    except InvalidPerson:
        pass  # a number that is not assigned, or a spelling that is only read where it is stored


@given(text=st.text("+0123456789() .-/tel:xA\u00a0\uff11", max_size=20))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_a_number_that_python_reads_alike(world: World, text: str) -> None:
    ((number, same),) = world.all("SELECT orchestrator.e164(%s), orchestrator.e164_of(%s)", text, text)
    assert number == same
    if number is not None:
        assert is_e164(number)
        assert world.all("SELECT orchestrator.e164(%s)", number) == [(number,)], "reading it again changes nothing"
    try:
        accepted = parse_number(text, frozenset({"US", "CA"}))
    except InvalidPerson:
        return
    assert number in (accepted, None), "what both read is one number"


def stored_as(world: World, spelling: str, **columns: Any) -> UUID:
    """A person of a database that was there before, whose number is spelled as it is."""
    user_id = world.person(**columns)
    world.connection.execute("UPDATE users SET phone_number = %s WHERE id = %s", (spelling, user_id))
    return user_id


@pytest.mark.parametrize("spelling", READABLE)
def test_a_stop_reaches_the_person_however_the_number_is_stored(world: World, spelling: str) -> None:
    stored_as(world, spelling)
    waiting = world.message()
    world.writes("STOP", phone=NEW)
    late = world.message(priority="urgent", can_delay=False)
    world.minute()
    assert world.texts() == []
    assert {world.state(waiting), world.state(late)} == {("cancelled", "opted_out")}


@pytest.mark.parametrize("spelling", ["+1 212-555-0111", "(212) 555-0111", "tel:+12125550111"])
def test_everything_that_hangs_on_a_number_finds_the_person(world: World, spelling: str) -> None:
    user_id = stored_as(world, spelling, quiet_hours_start="00:00", quiet_hours_end="23:59")
    held = world.message()
    world.minute()
    assert world.state(held)[0] == "queued"
    world.writes("What time?", phone=NEW)
    assert is_user_active(world.connection, "ada", world.now)
    world.minute()
    assert [text.to for text in world.phones.texts] == [NEW], "what comes forward goes to the number in E.164"
    assert world.all("SELECT DISTINCT user_id FROM messages") == [(user_id,)]
    assert world.all("SELECT count(*) FROM conversations") == [(1,)], "a reply joins the conversation"
    fails(world, 30005, NEW)
    ended = world.message()
    world.minute()
    assert world.state(ended) == ("failed", "bad_number")


@pytest.mark.parametrize("channel", ["rcs", "whatsapp", "RCS", "sms"])
def test_a_stop_over_another_channel_counts(world: World, channel: str) -> None:
    world.person()
    world.writes("STOP", phone=f"{channel}:{OLD}")
    late = world.message()
    world.minute()
    assert (world.texts(), world.state(late)) == ([], ("cancelled", "opted_out"))
    world.wait(minutes=1)
    world.writes("START", phone=f"{channel}:{OLD}")
    world.message(message_data={"type": "x", "message": "again"})
    world.minute()
    assert world.texts() == ["again"]


@pytest.mark.parametrize("spelling", UNREADABLE)
def test_a_number_that_cannot_be_read_holds_everything_until_it_is_corrected(world: World, spelling: str) -> None:
    if spelling.startswith("forgotten-"):
        pytest.skip("a deleted person has no number")
    stored_as(world, spelling)
    held = world.message(priority="urgent", can_delay=False)
    world.deliver()
    assert world.state(held) == ("queued", "number_unreadable")
    assert list_unreadable_numbers(world.connection, 5) == ["ada"]
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    world.travel_to(world.row(held)["scheduled_for"])
    world.minute()
    assert [text.to for text in world.phones.texts] == [NEW]


def test_an_operator_opts_out_a_person_whose_number_cannot_be_read(world: World) -> None:
    stored_as(world, "ext. 5 of the office")
    number = read_user(world.connection, "ada", world.now).person.phone_number
    write_opt_outs(world.connection, [OptOut(number, "operator", world.now)], world.now)
    assert read_user(world.connection, "ada", world.now).person.opted_out
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    assert world.state(_delivered(world, "ada")) == ("cancelled", "opted_out")


# People who share a phone ---------------------------------------------------------------------------------------------


def test_people_who_share_a_phone_share_its_stop_and_its_limits(world: World) -> None:
    world.person(hourly_limit=2, daily_limit=10)
    stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102", hourly_limit=2, daily_limit=10)
    messages = [
        world.message(who, message_data={"type": "x", "message": f"{who} {n}"})
        for n in (1, 2)
        for who in ("ada", "ben")
    ]
    world.minute()
    assert len(world.texts()) == 2, "two texts in an hour reach one phone, whoever they are for"
    assert sorted(world.state(message_id)[1] or "" for message_id in messages) == [
        "",
        "",
        "hourly_limit",
        "hourly_limit",
    ]
    world.writes("STOP")
    world.wait(hours=2)
    late = [world.message("ada"), world.message("ben")]
    world.minute()
    assert {world.state(message_id) for message_id in late} == {("cancelled", "opted_out")}
    assert len(world.texts()) == 2


def test_a_start_of_a_shared_phone_is_for_everyone_who_has_it(world: World) -> None:
    world.person()
    stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102")
    world.writes("STOP")
    world.wait(minutes=1)
    world.writes("START")
    for who in ("ada", "ben"):
        world.message(who, message_data={"type": "x", "message": f"to {who}"})
    world.minute()
    assert sorted(world.texts()) == ["to ada", "to ben"]


def test_a_start_of_a_shared_phone_frees_each_of_them_from_the_stop_of_a_former_number(world: World) -> None:
    for who, former, spelling in (("ada", "+12125550121", NEW), ("ben", "+12125550122", "(212) 555-0111")):
        world.person(who, phone=former)
        world.writes("STOP", phone=former)
        change_user(world.connection, who, {"phone_number": spelling}, world.now)
    world.wait(minutes=1)
    world.writes("START", phone=NEW)
    for who in ("ada", "ben"):
        assert world.state(_delivered(world, who)) == ("sent", None), who


def test_a_reply_from_a_shared_phone_is_of_the_person_whom_we_texted_last(world: World) -> None:
    world.person()
    ben = stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102")
    world.message("ada")
    world.minute()
    world.wait(minutes=1)
    world.message("ben")
    world.minute()
    world.writes("Yes, at noon")
    assert world.all("SELECT user_id FROM messages WHERE direction = 'inbound'") == [(ben,)]


def test_a_reply_of_an_agent_is_a_text_too(world: World) -> None:
    """The person whom we answered last is the one who writes back."""
    world.person()
    ben = stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102")
    world.message("ben")
    world.minute()
    world.writes("Where?")
    world.wait(minutes=1)
    world.message("ada")
    world.minute()
    world.wait(minutes=1)
    world.publish({"action": "reply", "user_id": "ben", "content": "At the station"})
    world.deliver()
    assert world.texts()[-1] == "At the station"
    world.writes("Thanks, see you there")
    assert world.all("SELECT DISTINCT user_id FROM messages WHERE direction = 'inbound'") == [(ben,)]


def test_a_text_on_another_number_does_not_count_for_this_one(world: World) -> None:
    ada = world.person()
    stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102")
    world.message("ada")
    world.minute()
    change_user(world.connection, "ben", {"phone_number": NEW}, world.now)
    world.wait(minutes=1)
    world.message("ben")
    world.minute()
    assert len(world.texts(NEW)) == 1
    change_user(world.connection, "ben", {"phone_number": "212-555-0101"}, world.now)
    world.writes("Yes, at noon")
    assert world.all("SELECT user_id FROM messages WHERE direction = 'inbound'") == [(ada,)]


def test_what_is_shown_of_a_shared_phone_counts_the_texts_to_all_who_have_it(world: World) -> None:
    world.person()
    stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102")
    world.message("ada")
    world.minute()
    shown = read_user(world.connection, "ben", world.now)
    assert (sum(shown.person.sent_by_day.values()), shown.sent_this_hour) == (1, 1)


def test_a_text_of_one_brings_forward_no_more_than_the_phone_may_get(world: World) -> None:
    world.person(hourly_limit=0)
    stored_as(world, "212-555-0101", external_id="ben", phone="+12125550102", hourly_limit=0)
    for who in ("ada", "ben"):
        for n in range(7):
            world.message(who, message_data={"type": "x", "message": f"{who} {n}"})
    world.minute()
    for who in ("ada", "ben"):
        world.wait(minutes=1)
        now = {"priority": "urgent", "can_delay": False, "message_data": {"type": "x", "message": f"Hello {who}"}}
        world.message(who, **now)
        world.minute()
        world.writes(f"This is {who}")  # of the two, the one whom we texted last
        for _ in range(3):
            world.minute()
    assert len(world.texts()) == 2 + 6, "six in any hour"
    world.wait(minutes=1)
    world.writes("And what else?")
    assert world.all("SELECT count(*) FROM message_queue WHERE status = 'approved'") == [(0,)], "no seventh is tried"


def test_an_opt_out_of_another_spelling_or_channel_is_found_by_the_migration(world: World) -> None:
    world.person()
    migration = (MIGRATIONS / "2026_11_28_02_numbers_of_opt_outs.sql").read_bytes()
    stored_as(world, "212-555-0102", external_id="ben", phone="+12125550102")
    world.person("cleo", phone="+12125550103")
    world.opts_out("whatsapp:+12125550101")
    world.opts_out("rcs:+12125550101")
    world.opts_out("+12125550102")
    world.opts_out("rcs:+12125550103")
    world.wait(minutes=1)
    world.writes("START", phone="+12125550103")
    world.connection.execute(migration)
    for who, state in (
        ("ada", ("cancelled", "opted_out")),
        ("ben", ("cancelled", "opted_out")),
        ("cleo", ("sent", None)),
    ):
        assert world.state(_delivered(world, who)) == state, who
    change_user(world.connection, "ben", {"phone_number": "+12125550104"}, world.now)
    assert world.state(_delivered(world, "ben")) == ("cancelled", "opted_out"), "it is the person's, too"


def test_a_stop_from_a_shared_phone_goes_with_the_person_whom_we_texted_last(world: World) -> None:
    world.person()
    for place in range(1, 5):  # in every order of their ids
        who = f"ben{place}"
        stored_as(world, "212-555-0101", external_id=who, phone=f"+1212555012{place}")
        world.wait(hours=1)
        world.message(who)
        world.minute()
        world.writes("STOP")
        change_user(world.connection, who, {"phone_number": f"+1212555013{place}"}, world.now)
        assert world.state(_delivered(world, who)) == ("cancelled", "opted_out")
        world.wait(minutes=1)
        world.writes("START")
        assert world.state(_delivered(world, who)) == ("cancelled", "opted_out"), "who has moved wrote no START"


def test_the_same_number_in_another_spelling_is_no_new_number(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    change_user(world.connection, "ada", {"phone_number": "+1 212-555-0101"}, world.now)
    assert world.all("SELECT status FROM conversations") == [("active",)]
    assert world.all("SELECT coalesce(phone_number_history, '[]') FROM users") == [([],)]


@pytest.mark.parametrize(
    "number", ["1-800-FLOWERS", "+1 900 555 0111", "+44 905 123 4567", "tel:+1212555ABCD", "212 555 0111 ext. 5"]
)
def test_a_number_that_gets_no_texts_is_refused(number: str) -> None:
    with pytest.raises(InvalidPerson, match="phone_number"):
        parse_number(number, frozenset({"US", "GB"}))


@pytest.mark.parametrize("number", ["+17875550123", "+16715550123", "+13405550123", "+16842581234", "+16705550123"])
def test_the_territories_of_the_united_states_belong_to_it(number: str) -> None:
    assert parse_number(number, load(PolicySettings, {"ALLOWED_COUNTRIES": "US"}).allowed_countries) == number


def test_zones_that_are_no_place_and_people_without_a_zone_are_listed(world: World) -> None:
    world.person("ada")
    world.person("ben", phone="+12125550102", timezone="EST")  # the number lies in New York
    world.person("chen", phone="+18005550103", timezone=None)
    world.person("dana", phone="+18005550104", timezone="Etc/GMT-5")
    world.person("eve", phone="+18005550105", timezone="America/Chicago")
    faults = list_zone_faults(world.connection, limit=5)
    assert faults.no_places == {"EST": 1, "Etc/GMT-5": 1}
    assert faults.zoneless == ["chen", "dana"]
    assert list_zone_faults(world.connection, limit=1).zoneless == ["chen"]
