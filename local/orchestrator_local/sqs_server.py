"""moto's SQS server on the local stack's clock: when the clock moves on, delays and visibility timeouts end with it."""

from moto.server import main
from moto.sqs import models

from orchestrator.clock import clock_from_environment

clock = clock_from_environment()


def _seconds() -> float:
    return clock().timestamp()


def _milliseconds() -> float:
    return clock().timestamp() * 1000


if __name__ == "__main__":
    # moto's own functions take an optional time, which its queues never pass.
    vars(models).update(unix_time=_seconds, unix_time_millis=_milliseconds)
    main()
