"""Which candidates of a wave are reserved: for each condition one that fails it alone, and one that just meets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from orchestrator.store.delivery import reserve_wave
from orchestrator.store.wave_plan import Candidate, Repeat, WavePlan
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

USER, MESSAGE, ATTEMPT, CONVERSATION, OTHER = 1, 2, 3, 4, 5
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@dataclass
class Wave:
    """People, messages and candidates under names, and the wave that reserves them."""

    world: World
    candidates: list[Candidate] = field(default_factory=list)
    names: dict[UUID, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    places: int = 0
    first_message: int = 0

    def person(self, **columns: object) -> int:
        """A person of their own number, unless told otherwise; returns their place."""
        place, self.places = self.places, self.places + 1
        zone = {"timezone": "America/New_York"}
        self.rows.append(("users", {"id": row_id(USER, place), "phone_number": number_of(place), **zone, **columns}))
        return place

    def candidate(self, name: str, person: int, message: Mapping[str, object] | None = None, **changes: Any) -> int:
        """An approved message of a person, and the candidate that may send it; returns its place."""
        place, now = self.first_message + len(self.candidates), self.world.now
        known = {
            "id": row_id(MESSAGE, place),
            "user_id": row_id(USER, person),
            "agent_id": "news",
            "message_data": {"type": "note"},
            "priority": "high",
            "status": "approved",
            "topic": None,
            "publisher": None,
            "sequence_position": None,
            "conversation_context_id": None,
            "scheduled_for": timedelta(0),
            "accepted_at": -HOUR,
            "published_at": -HOUR,
        }
        self.rows.append(("message_queue", {**known, **(message or {})}))
        self.names[row_id(ATTEMPT, place)] = name
        usual: dict[str, Any] = {
            **dict.fromkeys(Candidate.__slots__),
            "attempt_id": row_id(ATTEMPT, place),
            "message_id": row_id(MESSAGE, place),
            "user_id": row_id(USER, person),
            "new_conversation_id": row_id(CONVERSATION, place),
            "phone_number": number_of(person),
            "fingerprint": f"print of {name}",
            "local_date": date(2026, 3, 3),
            "open_until": now + SECOND,
            "takes_slot": True,
            "active_texts": 0,
            "law_texts": 0,
            "law_hours": 24,
            "needs_consent": False,
            "daily_limit": 10,
            "hourly_limit": 2,
            "quiet_hours_enabled": True,
            "number_hash": f"hash of {number_of(person)}",
            "segments": 1,
            "price_usd": Decimal("0.01"),
            "agent_texts": 0,
            "words_digest": f"words of {name}",
        }
        self.candidates.append(Candidate(**{**usual, **changes}))
        return place

    def insert(self) -> None:
        """Write the rows."""
        insert_rows(self.world, *self.rows)
        self.rows.clear()

    def reserve(self, ceiling: float = 500.0, urgent_ceiling: float = 1500.0) -> tuple[set[str], set[Repeat]]:
        """Reserve the wave; returns the names of what goes, and the repeats."""
        self.insert()
        settings = self.world.functions["deliver"].settings
        plan = WavePlan([], [], [], [], self.candidates)
        done = reserve_wave(self.world.connection, plan, settings, ceiling, urgent_ceiling, self.world.now)
        return {self.names[attempt] for attempt in done.attempts}, set(done.repeats)


# What stops a candidate, and what nearly does -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One person with one candidate. In rows, $user, $number, $message and $place stand for theirs."""

    name: str
    rows: Sequence[Row] = ()
    message: Mapping[str, object] = field(default_factory=dict)
    person: Mapping[str, object] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


def case(name: str, *rows: Row, **given: Any) -> Case:
    return Case(name, rows, **given)


def opt_out(**columns: object) -> Row:
    return "orchestrator.opt_outs", {
        "source": "test",
        "opted_out_at": -HOUR,
        "ended_at": None,
        "user_id": None,
        **columns,
    }


def consent(**columns: object) -> Row:
    usual = {
        "user_id": "$user",
        "phone_number": "$number",
        "purpose": "marketing",
        "topic": None,
        "is_given": True,
        "at": -HOUR,
        "until": None,
    }
    recorded = {"source": "test", "recorded_by": "test", "recorded_at": -HOUR}
    return "orchestrator.consents", {"id": uuid4(), **usual, **recorded, **columns}


def reading(**columns: object) -> Row:
    usual = {"user_id": row_id(OTHER, 1), "phone_number": "+15550000000", "kind": "unjudged", "received_at": -HOUR}
    return "orchestrator.readings", {"inbound_id": uuid4(), "opens_window": True, **usual, **columns}


def pause(scope: str, value: str, **columns: object) -> Row:
    return "orchestrator.pauses", {
        "scope": scope,
        "value": value,
        "paused_at": -HOUR,
        "ends_at": None,
        "probe_id": None,
        **columns,
    }


def withdrawal(of: object = "$message", publisher: str = "shop") -> Row:
    return "orchestrator.withdrawals", {"message_id": of, "publisher": publisher, "withdrawn_at": -SECOND}


def topic_withdrawal(**columns: object) -> Row:
    usual = {"user_id": "$user", "topic": "sale", "publisher": "shop", "withdrawn_at": -HOUR}
    return "orchestrator.topic_withdrawals", {**usual, **columns}


def earlier(**columns: object) -> Row:
    """An earlier text to the person."""
    usual = {
        "message_id": uuid4(),
        "user_id": "$user",
        "phone_number": "$number",
        "conversation_id": uuid4(),
        "fingerprint": "",
        "local_date": "2026-03-03",
        "holds_slot": True,
        "started_at": -HOUR,
        "outcome": "accepted",
        "undelivered_at": None,
        "active_texts": 0,
        "law_texts": 0,
        "words_digest": None,
        "data_digest": None,
    }
    return "orchestrator.attempts", {"id": uuid4(), **usual, **columns}


def question(agent: str = "quiz", ago: timedelta = HOUR, name: str = "$question", **message: object) -> list[Row]:
    """A text in which an agent asked the person something."""
    asked = {
        "id": name,
        "user_id": "$user",
        "agent_id": agent,
        "message_data": {},
        "status": "sent",
        "scheduled_for": -ago,
        "expects_reply": True,
        **message,
    }
    return [("message_queue", asked), earlier(message_id=name, started_at=-ago)]


def answer(ago: timedelta) -> list[Row]:
    spoken = {"direction": "inbound", "role": "user", "content": "Fine", "created_at": -ago, "user_id": "$user"}
    return [
        ("conversations", {"id": "$talk", "user_id": "$user", "phone_number": "$number", "status": "closed"}),
        ("messages", {"id": uuid4(), "conversation_id": "$talk", **spoken}),
    ]


ASKS: dict[str, Any] = {"changes": {"questions_since": -2 * HOUR}}
MARKETING: dict[str, Any] = {"message": {"agent_id": "ads_1"}}
NEEDS_CONSENT: dict[str, Any] = {"changes": {"needs_consent": True}}
SALE: dict[str, Any] = {"message": {"topic": "sale", "publisher": "shop:1"}}
STOPPED = [
    case("another worker sends it", message={"status": "sending"}),
    case("it is queued again", message={"status": "queued"}),
    case("it was cancelled", message={"status": "cancelled"}),
    case("the number is another one now", person={"phone_number": "+14155550199"}),
    case("the person is none of the message's", changes={"user_id": row_id(OTHER, 99)}),
    case("its time is over at this instant", changes={"open_until": timedelta(0)}),
    case("the number is opted out", opt_out(phone_number="$number")),
    case("the person is, on another number", opt_out(phone_number="+14155550198", user_id="$user")),
    case(
        "the number is a forgotten person's",
        ("orchestrator.forgotten_opt_outs", {"number_hash": "hash of $number", "opted_out_at": -2 * HOUR}),
    ),
    case("no hash, and somebody was forgotten", changes={"number_hash": None}),
    case("its purpose is revoked", consent(purpose="informational", is_given=False)),
    case("its topic is revoked", consent(purpose=None, topic="sale", is_given=False), **SALE),
    case("an ad to nobody who agreed", **MARKETING),
    case("an ad, agreed until this instant", consent(until=timedelta(0)), **MARKETING),
    case("an ad, agreed to what follows", consent(at=SECOND), **MARKETING),
    case("an ad, another number agreed", consent(phone_number="+14155550197"), **MARKETING),
    case("it needs a consent that is of ads", consent(), **NEEDS_CONSENT),
    case("the person wrote what nobody read", reading(user_id="$user")),
    case("somebody did on this phone", reading(phone_number="$number")),
    case("its lane is paused", pause("lane", "low"), message={"priority": "low"}),
    case("its agent is paused", pause("agent", "bad_"), message={"agent_id": "bad_1"}),
    case("its type is paused", pause("type", "gossip"), message={"message_data": {"type": "gossip"}}),
    case("the person is paused until in a second", pause("user", "$user", ends_at=SECOND)),
    case("a probe of the pause is another text", pause("user", "$user", probe_id=row_id(OTHER, 2))),
    case("withdrawn", withdrawal(), message={"publisher": "shop:2"}),
    case("withdrawn, and nobody knows who published it", withdrawal(publisher="x")),
    case("its topic is withdrawn as it is published", topic_withdrawal(), **SALE),
    case("an agent asks, and another one asked", *question(), **ASKS),
    case("the other one asked this instant", *question(ago=timedelta(0)), **ASKS),
    case("its answer came before", *question(), *answer(HOUR), **ASKS),
    case(
        "two agents asked, one of them this one",
        *question(),
        *question("news", ago=SECOND, name="$second"),
        **ASKS,
    ),
]
GO = [
    case("an ordinary one"),
    case("a number in another spelling", person={"phone_number": "(212) 555-01$place"}),
    case("an opt-out that has ended", opt_out(phone_number="$number", user_id="$user", ended_at=-SECOND)),
    case("another person's opt-out", opt_out(phone_number="+14155550196", user_id=row_id(OTHER, 3))),
    case("another purpose is revoked", consent(is_given=False)),
    case("another topic is revoked", consent(purpose=None, topic="news", is_given=False), **SALE),
    case("an ad, agreed this instant", consent(at=timedelta(0), until=SECOND), **MARKETING),
    case("it needs a consent, and has it", consent(purpose="informational"), **NEEDS_CONSENT),
    case("what the person wrote is read", reading(user_id="$user", phone_number="$number", kind="conversation")),
    case("its lane was paused until this instant", pause("lane", "medium", ends_at=timedelta(0)), message={"priority": "medium"}),
    case("it probes the pause", pause("agent", "probe", probe_id="$message"), message={"agent_id": "probe"}),
    case("another message is withdrawn", withdrawal(row_id(OTHER, 4))),
    case("another publisher withdraws it", withdrawal(publisher="bank"), message={"publisher": "shop:2"}),
    case("its topic was withdrawn before", topic_withdrawal(withdrawn_at=-HOUR - SECOND), **SALE),
    case("another topic is withdrawn", topic_withdrawal(topic="news"), **SALE),
    case("its topic, of another person", topic_withdrawal(user_id=row_id(OTHER, 5)), **SALE),
    case("it asks nothing", *question()),
    case("the same agent asked", *question("news"), **ASKS),
    case("another asked, and is answered", *question(), *answer(HOUR - SECOND), **ASKS),
    case("another asked too long ago", *question(ago=2 * HOUR), **ASKS),
    case("another one's text is no question", *question(expects_reply=False), **ASKS),
]  # fmt: skip


def add(wave: Wave, given: Case) -> None:
    """Add the person, the candidate and the rows of a case."""
    place = wave.places
    stand_for = {
        "$user": row_id(USER, place),
        "$number": number_of(place),
        "$message": row_id(MESSAGE, len(wave.candidates)),
        "$place": f"{place:02}",
        "$question": row_id(OTHER, 100 + place),
        "$second": row_id(OTHER, 200 + place),
        "$talk": row_id(OTHER, 300 + place),
    }

    def filled(value: object) -> object:
        for name, text in stand_for.items() if isinstance(value, str) else ():
            value = str(value).replace(name, str(text))
        return value

    person = wave.person(
        **{"phone_number": number_of(place), **{name: filled(value) for name, value in given.person.items()}}
    )
    changes = {
        name: wave.world.now + change if isinstance(change, timedelta) else change
        for name, change in given.changes.items()
    }
    wave.candidate(given.name, person, given.message, **changes)
    wave.rows += [(table, {name: filled(value) for name, value in columns.items()}) for table, columns in given.rows]


def test_what_has_changed_since_the_decision_stops_a_candidate_and_its_near_misses_go(world: World) -> None:
    wave = Wave(world)
    insert_rows(
        world,
        (
            "orchestrator.agents",
            {"prefix": "ads_", "purpose": "marketing", "may_use_urgent": True, "needs_approval": False},
        ),
    )
    for given in [*STOPPED, *GO]:
        add(wave, given)
    assert len(wave.names) == wave.places < 100
    went, repeats = wave.reserve()
    assert went == {given.name for given in GO}
    assert repeats == set()
    # What is stopped leaves nothing behind, but the opt-out of the forgotten person.
    assert world.all("SELECT count(*) FROM orchestrator.attempts WHERE outcome IS NULL") == [(len(GO),)]
    place = next(place for place, given in enumerate(STOPPED) if given.name == "the number is a forgotten person's")
    assert world.all(
        "SELECT phone_number, user_id, opted_out_at, ended_at FROM orchestrator.opt_outs WHERE source = 'forgotten'"
    ) == [(number_of(place), row_id(USER, place), world.now - 2 * HOUR, None)]
