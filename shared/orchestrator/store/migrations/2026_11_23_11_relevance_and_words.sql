-- What was judged, what was spent, and how many segments a text has.

-- The last verdict on whether a waiting message still makes sense, and the newest message of its person that it saw: while
-- there is no newer one, nobody is asked again (R10).
CREATE TABLE orchestrator.relevance (
    message_id uuid PRIMARY KEY,
    inbound_id uuid NOT NULL,             -- the `messages` row it saw last
    verdict text NOT NULL,                -- relevant, stale, reformulate
    why text NOT NULL,
    judged_at timestamptz NOT NULL,
    reused int NOT NULL DEFAULT 0         -- how often it saved a call
);

-- What Claude cost on each UTC day, for the daily ceiling.
CREATE TABLE orchestrator.spending (
    day date PRIMARY KEY,
    cost_usd numeric(12, 6) NOT NULL
);

ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS segments int,                 -- of its words, as the carriers count and bill them
    ADD COLUMN IF NOT EXISTS encoding text;                -- GSM-7 or UCS-2
