"""What the reservation of a wave writes, row by row: messages, attempts, budgets, conversations, spending."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from psycopg.rows import dict_row

from tests.integration.test_sends_reserved import ATTEMPT, CONVERSATION, HOUR, MESSAGE, USER, Wave
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

# In New York it is Tuesday; by UTC it is Wednesday.
TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)
DAY = timedelta(days=1)


def read(world: World, query: str) -> list[dict[str, object]]:
    with world.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def test_a_reservation_writes_the_message_and_its_attempt(world: World) -> None:
    wave = Wave(world)
    ada, ben, cem = wave.person(timezone="America/Chicago"), wave.person(), wave.person()
    insert_rows(
        world,
        ("orchestrator.agents", {"prefix": "ads_", "purpose": "marketing", "may_use_urgent": True, "needs_approval": False}),
    )  # fmt: skip
    known = {
        "reason": "paused",
        "final_message": "Old",
        "words_source": "plain",
        "words_on": TUESDAY - DAY,
        "segments": 3,
    }
    wave.candidate(
        "words of this wave",
        ada,
        {"sequence_position": 2, "agent_id": "bulk_1", "encoding": "ucs2", "lease_until": -HOUR, **known},
        new_words="New",
        words_source="claude",
        encoding="gsm7",
        segments=2,
        price_usd=Decimal("0.0166"),
        local_date=WEDNESDAY,
        takes_slot=True,
        active_since=world.now - HOUR,
        active_texts=1,
        reply_to=world.now - 2 * HOUR,
        law_texts=1,
        law_cap=3,
        law_note="a law",
        agent_group="bulk_",
        agent_texts=4,
        data_digest="digest of data",
    )
    same = {"encoding": "ucs2", "lease_until": -HOUR, **known}
    wave.candidate("words of before", ben, same, segments=3, takes_slot=False, words_source="claude")
    wave.candidate("one that is stopped", cem, same, open_until=world.now, new_words="New", encoding="gsm7")
    wave.reserve()
    rows = read(
        world,
        "SELECT status, reason, lease_until, final_message, words_source, words_on, segments, encoding"
        " FROM message_queue ORDER BY id",
    )
    old = {
        "final_message": "Old",
        "words_source": "plain",
        "words_on": TUESDAY - DAY,
        "segments": 3,
        "encoding": "ucs2",
    }
    new = {"final_message": "New", "words_source": "claude", "words_on": WEDNESDAY, "segments": 2, "encoding": "gsm7"}
    sending = {"status": "sending", "reason": None, "lease_until": world.now + timedelta(minutes=10)}
    assert rows == [
        {**sending, **new},
        {**sending, **old},
        {"status": "approved", "reason": "paused", "lease_until": world.now - HOUR, **old},
    ]
    first = {
        "id": row_id(ATTEMPT, 0),
        "message_id": row_id(MESSAGE, 0),
        "user_id": row_id(USER, 0),
        "conversation_id": row_id(CONVERSATION, 0),
        "phone_number": number_of(0),
        "fingerprint": "print of words of this wave",
        "local_date": WEDNESDAY,
        "holds_slot": True,
        "active_since": world.now - HOUR,
        "active_texts": 1,
        "reply_to": world.now - 2 * HOUR,
        "law_texts": 1,
        "law_note": "a law",
        "started_at": world.now,
        "part": 2,
        "segments": 2,
        "price_usd": Decimal("0.0166"),
        "agent_group": "bulk_",
        "agent_texts": 4,
        "purpose": "informational",
        "zone": "America/Chicago",
        "words_digest": "words of words of this wave",
        "data_digest": "digest of data",
        "settled_at": None,
        "outcome": None,
        "twilio_message_sid": None,
        "error_code": None,
        "error": None,
        "evidence": None,
        "undelivered_at": None,
        "undelivered_code": None,
    }
    second = {
        "id": row_id(ATTEMPT, 1),
        "message_id": row_id(MESSAGE, 1),
        "user_id": row_id(USER, 1),
        "conversation_id": row_id(CONVERSATION, 1),
        "phone_number": number_of(1),
        "fingerprint": "print of words of before",
        "local_date": TUESDAY,
        "holds_slot": False,
        "zone": "America/New_York",
        "segments": 3,
        "price_usd": Decimal("0.01"),
        "words_digest": "words of words of before",
        "active_texts": 0,
        "law_texts": 0,
        "agent_texts": 0,
        **dict.fromkeys(["active_since", "reply_to", "law_note", "part", "agent_group", "data_digest"]),
    }
    assert read(world, "SELECT * FROM orchestrator.attempts ORDER BY id") == [first, {**first, **second}]


def budget(person: int, day: date, sent: int | None, **columns: object) -> Row:
    usual = {"last_message_at": -HOUR, "daily_limit": 3, "hourly_limit": 1, "quiet_hours_enabled": False}
    return "user_message_budget", {
        "user_id": row_id(USER, person),
        "date": day,
        "messages_sent": sent,
        "created_at": -HOUR,
        **usual,
        **columns,
    }


def test_a_reservation_counts_in_the_budget_of_the_persons_day_and_adds_the_one_of_utc(world: World) -> None:
    world.travel_to(datetime(2026, 3, 4, 2, tzinfo=UTC))
    wave = Wave(world)
    ada, ben, cem, dan, eva = (wave.person() for _ in range(5))
    wave.candidate("ada's first", ada, daily_limit=7, hourly_limit=5, quiet_hours_enabled=True)
    wave.candidate("ada's second", ada, daily_limit=6, hourly_limit=4, quiet_hours_enabled=False)
    wave.candidate("ada's third, without a slot", ada, takes_slot=False, daily_limit=7)
    wave.candidate("ben's", ben)
    wave.candidate("cem's, where it is Wednesday", cem, local_date=WEDNESDAY, quiet_hours_enabled=True)
    wave.candidate("dan's, without a slot", dan, takes_slot=False)
    wave.candidate("eva's, stopped", eva, open_until=world.now)
    rows = [
        budget(ben, TUESDAY, None),
        budget(ben, WEDNESDAY, 4),
        budget(dan, TUESDAY, 2),
        budget(dan, WEDNESDAY - 2 * DAY, 5),
    ]
    insert_rows(world, *wave.rows, *rows)
    wave.rows.clear()
    wave.reserve()
    found = read(
        world,
        "SELECT user_id, date, messages_sent, last_message_at, daily_limit, hourly_limit, quiet_hours_enabled, created_at"
        " FROM user_message_budget ORDER BY user_id, date",
    )
    now, before = world.now, world.now - HOUR
    assert [tuple(row.values()) for row in found] == [
        # The day's limits are the larger ones, where the candidates of a person differ.
        (row_id(USER, ada), TUESDAY, 2, now, 7, 5, False, now),
        (row_id(USER, ada), WEDNESDAY, 0, None, 7, 5, False, now),
        (row_id(USER, ben), TUESDAY, 1, now, 3, 1, False, before),
        (row_id(USER, ben), WEDNESDAY, 4, before, 3, 1, False, before),
        (row_id(USER, cem), WEDNESDAY, 1, now, 10, 2, True, now),
        (row_id(USER, dan), WEDNESDAY - 2 * DAY, 5, before, 3, 1, False, before),
        (row_id(USER, dan), TUESDAY, 2, now, 3, 1, False, before),
        (row_id(USER, dan), WEDNESDAY, 0, None, 10, 2, True, now),
    ]


def test_a_reservation_goes_on_with_the_conversation_that_its_message_names_or_the_newest_open_one(
    world: World,
) -> None:
    wave = Wave(world)

    def talk(nth: int, person: int, **columns: object) -> Row:
        usual = {
            "phone_number": number_of(person),
            "status": "active",
            "created_at": -nth * HOUR,
            "updated_at": -nth * HOUR,
        }
        talk_id = row_id(CONVERSATION, 100 * person + nth)
        return "conversations", {"id": talk_id, "user_id": row_id(USER, person), **usual, **columns}

    rows: list[Row] = []

    def candidate(what: str, *changes: Mapping[str, object], names: int | None = None, stops: bool = False) -> None:
        """A candidate of a person with so many conversations, the newest first."""
        person = wave.person()
        rows.extend(talk(nth, person, **columns) for nth, columns in enumerate(changes, 1))
        named = row_id(CONVERSATION, 100 * person + names) if names else None
        wave.candidate(
            what,
            person,
            {"conversation_context_id": named},
            new_conversation_id=row_id(CONVERSATION, 100 * person),
            open_until=world.now + (timedelta(0) if stops else HOUR),
        )

    closed = {"status": "closed"}
    elsewhere = {"phone_number": "+14155550100"}
    spelled = {"phone_number": "(212) 555-0100"}
    candidate("names an older one, in another spelling", {}, {"status": "paused", **spelled}, names=2)
    candidate("names a closed one", {}, {}, closed, names=3)
    candidate("names one of another number", {}, elsewhere, names=2)
    candidate("names none", {"status": "paused"}, elsewhere, {}, {})
    candidate("has none")
    candidate("has closed ones", closed, elsewhere)
    candidate("is stopped", stops=True)
    # Two candidates of one wave begin one conversation.
    wave.candidate("another one of the fifth person", 4, new_conversation_id=row_id(CONVERSATION, 400))
    people = [row for row in wave.rows if row[0] == "users"]
    insert_rows(world, *people, *rows, *[row for row in wave.rows if row not in people])
    wave.rows.clear()
    before = read(world, "SELECT * FROM conversations ORDER BY id")
    wave.reserve()
    used = read(world, "SELECT id, conversation_id FROM orchestrator.attempts ORDER BY id")
    assert [row["conversation_id"] for row in used] == [
        row_id(CONVERSATION, nth) for nth in (2, 101, 201, 303, 400, 500, 400)
    ]
    new = (row_id(CONVERSATION, 400), row_id(CONVERSATION, 500))
    after = read(world, "SELECT * FROM conversations ORDER BY id")
    assert [row for row in after if row["id"] not in new] == before
    begun = {"status": "active", "created_at": world.now, "updated_at": world.now}
    assert [{name: row[name] for name in ("user_id", "phone_number", *begun)} for row in after if row["id"] in new] == [
        {"user_id": row_id(USER, person), "phone_number": number_of(person), **begun} for person in (4, 5)
    ]


def test_what_the_texts_of_two_waves_cost_stands_in_one_row_of_the_day(world: World) -> None:
    shard = "INSERT INTO orchestrator.spending_shards (day, shard, texts, segments, twilio_usd) VALUES (%s, pg_backend_pid(), 5, 6, 7)"
    with world.connection.transaction():
        world.connection.execute(shard, (WEDNESDAY,))
        for nth, usd in enumerate(("0.01", "0.02")):
            wave = Wave(world, places=10 * nth, first_message=10 * nth)
            for _ in range(2):
                wave.candidate("a text", wave.person(), segments=2, price_usd=Decimal(usd))
            wave.reserve()
    assert world.all(
        "SELECT day, cost_usd, texts, segments, twilio_usd FROM orchestrator.spending_shards ORDER BY 1"
    ) == [
        (TUESDAY, 0, 4, 8, Decimal("0.06")),
        (WEDNESDAY, 0, 5, 6, 7),
    ]
