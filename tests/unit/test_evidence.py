"""Which texts of Twilio's list prove which attempts."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.delivery.evidence import match_attempts
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText
from orchestrator.store.settlement import OpenAttempt

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
# Few of each, so that many are alike.
numbers = st.sampled_from(["+12125550101", "+12125550102"])
words = st.sampled_from(["Hello", "Bye"])
moments = st.integers(-5, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
texts = st.lists(
    st.builds(
        ListedText,
        sid=st.uuids().map(lambda found: f"SM{found.hex}"),
        person=numbers,
        body=words,
        created_at=moments,
        inbound=st.just(False),
        status=st.just("delivered"),
    ),
    max_size=6,
)
attempts = st.lists(st.builds(OpenAttempt, st.uuids(), numbers, words, moments), max_size=5)


@given(attempts, texts)
def test_each_proof_is_a_text_of_its_own_with_the_same_number_and_words(
    attempts: list[OpenAttempt], texts: list[ListedText]
) -> None:
    proofs = match_attempts(attempts, texts, known=set())
    by_sid = {text.sid: text for text in texts}
    by_id = {attempt.attempt_id: attempt for attempt in attempts}
    assert len(set(proofs.values())) == len(proofs)
    for attempt_id, sid in proofs.items():
        attempt, text = by_id[attempt_id], by_sid[sid]
        assert (text.person, text.body) == (attempt.phone_number, attempt.words)


@given(attempts, texts)
def test_a_known_text_proves_nothing(attempts: list[OpenAttempt], texts: list[ListedText]) -> None:
    assert match_attempts(attempts, texts, known={text.sid for text in texts}) == {}


@given(attempts, texts)
def test_where_texts_are_fewer_than_attempts_alike_none_of_them_is_proven(
    attempts: list[OpenAttempt], texts: list[ListedText]
) -> None:
    proofs = match_attempts(attempts, texts, known=set())
    for attempt in attempts:
        alike = [a for a in attempts if (a.phone_number, a.words) == (attempt.phone_number, attempt.words)]
        since = min(a.started_at for a in alike) - CLOCK_SKEW
        candidates = [
            text
            for text in texts
            if (text.person, text.body) == (attempt.phone_number, attempt.words) and text.created_at >= since
        ]
        assert (attempt.attempt_id in proofs) == (len(candidates) >= len(alike))
