"""A thread pool for calls to others that end by a deadline."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def pool_without_wait(size: int) -> Iterator[ThreadPoolExecutor]:
    """Make a thread pool that does not wait for unfinished calls on exit; their results are discarded."""
    pool = ThreadPoolExecutor(size)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
