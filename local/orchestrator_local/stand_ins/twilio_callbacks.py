"""Posts Twilio's callbacks to the webhook in the background: one after the other, each once."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import urllib3

from orchestrator_local.stand_ins.phones import Callback

# Twilio waits this many seconds for an answer, then the call has failed. https://www.twilio.com/docs/errors/11205
TIMEOUT_SECONDS = 15


@contextmanager
def twilio_callbacks() -> Iterator[Callable[[Callback], None]]:
    """Post callbacks until the block ends.

    Yields:
        A function that takes a callback to post, and returns at once.
    """
    waiting: queue.Queue[Callback | None] = queue.Queue()
    http = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)

    def post_all() -> None:
        while (callback := waiting.get()) is not None:
            try:
                http.request(
                    "POST",
                    callback.url,
                    fields=callback.fields,
                    encode_multipart=False,
                    headers={"X-Twilio-Signature": callback.signature},
                )
            except urllib3.exceptions.HTTPError:
                continue  # a failed call is not repeated

    thread = threading.Thread(target=post_all, daemon=True)
    thread.start()
    try:
        yield waiting.put
    finally:
        waiting.put(None)
        thread.join(TIMEOUT_SECONDS)
