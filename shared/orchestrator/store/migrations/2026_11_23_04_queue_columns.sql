-- What we know of a message beyond the columns that existing databases have.
ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS accepted_at timestamptz,  -- set by our enqueue or by adoption: null means not ours to send
    ADD COLUMN IF NOT EXISTS can_delay boolean,
    ADD COLUMN IF NOT EXISTS not_before timestamptz,   -- the publisher's scheduled_for, which never moves
    ADD COLUMN IF NOT EXISTS expires_at timestamptz,
    ADD COLUMN IF NOT EXISTS reason text,              -- why it waits, or why it ended
    ADD COLUMN IF NOT EXISTS lease_until timestamptz,  -- approved or sending: when the worker counts as dead
    ADD COLUMN IF NOT EXISTS tries int,             -- failed tries that are worth repeating, so far
    ADD COLUMN IF NOT EXISTS words_source text;        -- verbatim, claude or plain
