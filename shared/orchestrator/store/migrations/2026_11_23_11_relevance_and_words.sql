-- Verdicts, spending, and the segments of a text.

-- The last verdict on a waiting message's relevance, and the newest text of its person that it saw. While there is no
-- newer text, Claude is not asked again (R10).
CREATE TABLE orchestrator.relevance (
    message_id uuid PRIMARY KEY,
    inbound_id uuid NOT NULL,             -- the newest `messages` row that it saw
    verdict text NOT NULL,                -- relevant, stale, reformulate
    why text NOT NULL,
    judged_at timestamptz NOT NULL,
    reused int NOT NULL DEFAULT 0         -- how many calls it replaced
);

-- What Claude cost on each UTC day, for the daily ceiling.
CREATE TABLE orchestrator.spending (
    day date PRIMARY KEY,
    cost_usd numeric(12, 6) NOT NULL
);

ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS segments int,                 -- of its words, as the carriers count and bill them
    ADD COLUMN IF NOT EXISTS encoding text;                -- GSM-7 or UCS-2
