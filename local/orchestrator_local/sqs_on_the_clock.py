"""moto's server, whose queues go by the local stack's clock: a delay is over when that has moved on by as much."""

from moto.server import main
from moto.sqs import models

from orchestrator.clock import clock_from_environment

clock = clock_from_environment()


def _seconds() -> float:
    return clock().timestamp()


def _milliseconds() -> float:
    return clock().timestamp() * 1000


if __name__ == "__main__":
    # Its own take a time, which its queues never give.
    vars(models).update(unix_time=_seconds, unix_time_millis=_milliseconds)
    main()
