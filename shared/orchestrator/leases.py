"""How long whoever took something may be silent before it counts as dead."""

from datetime import timedelta

# An approved message may stand in a delivery queue this long, before it is due again.
DELIVERY_LEASE = timedelta(minutes=15)
# One that is handed over at once is due again after this, if it gets lost on the way.
URGENT_LEASE = timedelta(minutes=2)
# How long the next part of a sequence, or the next reply, may take to be reserved before it counts as left behind.
PART_LEASE = timedelta(minutes=5)
# After this a message under way counts as maybe sent: longer than any call can take.
SENDING_LEASE = timedelta(minutes=10)
# How long telling the event bus may take.
EVENT_LEASE = timedelta(minutes=1)
