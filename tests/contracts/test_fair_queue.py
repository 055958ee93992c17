"""What AWS documents of fair queues, that the bench's model of one does; one test for each behaviour.

Page: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html. The service
itself is measured nowhere here.
"""

from bench.fair_queue import FairQueue
from orchestrator_local.fair_shares import QUIET_AFTER_SECONDS


def groups_of(queue: FairQueue, most: int, now: float = 0.0) -> list[str]:
    return [message.group for message in queue.receive(now, most)]


def bulk(queue: FairQueue, messages: int, group: str | None = "bulk", now: float = 0.0) -> None:
    for _ in range(messages):
        queue.send(now, group)


def test_messages_come_in_the_order_in_which_they_were_sent_while_no_group_is_noisy() -> None:
    queue = FairQueue()
    bulk(queue, 29)
    queue.send(0.0, "quiet")
    assert groups_of(queue, 30) == ["group bulk"] * 29 + ["group quiet"]


def test_a_group_with_30_in_flight_and_a_tenth_of_all_is_noisy_and_quiet_groups_come_first() -> None:
    queue = FairQueue()
    bulk(queue, 100)
    for group in ("a", "b"):
        queue.send(0.0, group)
    assert groups_of(queue, 29) == ["group bulk"] * 29
    assert groups_of(queue, 4) == ["group bulk", "group a", "group b", "group bulk"]


def test_a_group_with_30_in_flight_and_less_than_a_tenth_of_all_is_quiet() -> None:
    queue = FairQueue()
    bulk(queue, 300, group=None)
    bulk(queue, 40)
    queue.send(0.0, "quiet")
    queue.receive(0.0, 300)
    assert groups_of(queue, 32)[-2:] == ["group bulk", "group bulk"]


def test_each_message_without_a_group_is_a_group_of_its_own() -> None:
    queue = FairQueue()
    bulk(queue, 100, group=None)
    queue.send(0.0, "quiet")
    assert "group quiet" not in groups_of(queue, 100)


def test_messages_of_a_noisy_group_come_as_usual_while_no_other_waits() -> None:
    queue = FairQueue()
    bulk(queue, 100)
    assert groups_of(queue, 100) == ["group bulk"] * 100
    assert groups_of(queue, 1) == []


def test_of_several_noisy_groups_the_one_with_the_fewest_in_flight_comes_first() -> None:
    queue = FairQueue()
    bulk(queue, 60, "one")
    bulk(queue, 60, "two")
    queue.receive(0.0, 60)
    assert groups_of(queue, 6) == ["group one", "group two"] * 3


def test_a_group_with_a_tenth_of_the_recent_processing_time_is_noisy_with_few_messages_in_flight() -> None:
    queue = FairQueue()
    bulk(queue, 10, "slow")
    bulk(queue, 9, None)
    queue.send(0.0, "quiet")
    queue.delete(queue.receive(0.0, 2), 5.0)
    assert groups_of(queue, 2, now=5.0)[0] == "group slow", "it is seen when it is received"
    assert "group slow" not in groups_of(queue, 9, now=5.0)


def test_a_group_whose_backlog_is_gone_is_quiet_again() -> None:
    queue = FairQueue()
    bulk(queue, 40)
    queue.delete(queue.receive(0.0, 40), 0.0)
    bulk(queue, 2)
    queue.send(0.0, "quiet")
    assert groups_of(queue, 3) == ["group bulk", "group bulk", "group quiet"]


def test_a_group_that_sent_nothing_for_five_minutes_is_quiet_again() -> None:
    queue = FairQueue()
    bulk(queue, 100)
    queue.receive(0.0, 31)
    queue.send(1.0, "quiet")
    queue.send(1.0, "quiet")
    assert groups_of(queue, 1, now=QUIET_AFTER_SECONDS - 1) == ["group quiet"]
    assert groups_of(queue, 1, now=QUIET_AFTER_SECONDS) == ["group bulk"]
