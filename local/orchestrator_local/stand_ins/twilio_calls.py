"""Twilio's side of a webhook: callbacks are posted in the background, one after the other, each once."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import urllib3

from orchestrator_local.stand_ins.phones import Callback

# Twilio waits this long for an answer, and does not repeat a call that failed.
SECONDS = 15


@contextmanager
def calling_back() -> Iterator[Callable[[Callback], None]]:
    """Yields what takes a callback to be posted."""
    waiting: queue.Queue[Callback | None] = queue.Queue()
    http = urllib3.PoolManager(retries=False, timeout=SECONDS)

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
                continue

    thread = threading.Thread(target=post_all, daemon=True)
    thread.start()
    try:
        yield waiting.put
    finally:
        waiting.put(None)
        thread.join(SECONDS)
