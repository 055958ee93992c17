"""Lease durations: how long a worker may hold a message or an event before it is released."""

from datetime import timedelta

# A message in the delivery queue, until deliver reserves it; then it is due again.
DELIVERY_LEASE = timedelta(minutes=15)
# A message that is handed over immediately: urgent, a reply, or pulled forward. One that is lost is due again.
URGENT_LEASE = timedelta(minutes=2)
# The next part of a sequence, or the next reply to a person, until deliver reserves it.
PART_LEASE = timedelta(minutes=5)
# A message in status `sending`: longer than any call takes. Then its outcome counts as unknown.
SENDING_LEASE = timedelta(minutes=10)
# Events of the outbox while EventBridge is called; then they are published again.
EVENT_LEASE = timedelta(minutes=1)
