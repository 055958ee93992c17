"""moto's SQS server on the local stack's clock, with fair queues: delays and visibility timeouts follow the clock."""

from moto.server import main
from moto.sqs import models

from orchestrator.clock import clock_from_environment
from orchestrator_local.fair_moto import fair_queue_class

clock = clock_from_environment()


def _seconds() -> float:
    return clock().timestamp()


def _milliseconds() -> float:
    return clock().timestamp() * 1000


if __name__ == "__main__":
    # moto's own functions take an optional time, which its queues never pass.
    vars(models).update(unix_time=_seconds, unix_time_millis=_milliseconds, Queue=fair_queue_class(_seconds))
    main()
