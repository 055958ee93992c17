"""How old the newest marker of the inbound queue may be: after an outage nothing is sent before STOPs are read (R11).

The dispatcher puts a marker on the inbound queue each minute, and the inbound function records it. While no fresh
marker is recorded, texts of people may lie in the queue, and a STOP among them.
"""

from datetime import timedelta

# A marker that was read within this is fresh. Two ticks may fail before deliveries wait.
FRESH_FOR = timedelta(minutes=3)
# After a gap, what came during it is read within this: a batch comes back after 30 seconds, and one whose invocation
# died after the visibility timeout of the queue, three minutes.
READ_AFTER_GAP = timedelta(minutes=4)
