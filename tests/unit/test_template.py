"""What template.yaml promises about queues: nothing is handed out twice while it is worked on, nothing is dropped."""

import pytest

from orchestrator_local.template import Function, Queue, read_template

TEMPLATE = read_template()
QUEUES = {queue.name: queue for queue in TEMPLATE.queues}
MAPPINGS = [(function, QUEUES[mapping.queue]) for function in TEMPLATE.functions for mapping in function.mappings]


@pytest.mark.parametrize(("function", "queue"), MAPPINGS, ids=[queue.name for _, queue in MAPPINGS])
def test_a_record_stays_hidden_six_times_as_long_as_its_function_may_run(function: Function, queue: Queue) -> None:
    assert queue.visibility_seconds >= 6 * function.timeout_seconds


@pytest.mark.parametrize(("function", "queue"), MAPPINGS, ids=[queue.name for _, queue in MAPPINGS])
def test_each_queue_has_a_dead_letter_queue_of_its_own(function: Function, queue: Queue) -> None:
    assert queue.redrive_to in QUEUES
    assert [other.name for other in TEMPLATE.queues if other.redrive_to == queue.redrive_to] == [queue.name]


@pytest.mark.parametrize(("function", "queue"), MAPPINGS, ids=[queue.name for _, queue in MAPPINGS])
def test_an_outage_of_a_day_pushes_no_good_message_out(function: Function, queue: Queue) -> None:
    from orchestrator.batches import LONGEST_WAIT_SECONDS

    assert (queue.receives or 0) * LONGEST_WAIT_SECONDS >= 24 * 3600


def test_every_mapping_reports_what_failed() -> None:
    assert all(mapping.reports_failures for function in TEMPLATE.functions for mapping in function.mappings)
