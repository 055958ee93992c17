-- Columns of a message that existing databases lack.
ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS accepted_at timestamptz,  -- set by enqueue or adoption; without it, not ours to send
    ADD COLUMN IF NOT EXISTS can_delay boolean,
    ADD COLUMN IF NOT EXISTS not_before timestamptz,   -- the publisher's scheduled_for, which never moves
    ADD COLUMN IF NOT EXISTS expires_at timestamptz,
    ADD COLUMN IF NOT EXISTS reason text,              -- why it waits or why it ended
    ADD COLUMN IF NOT EXISTS lease_until timestamptz,  -- approved or sending: until when the worker may hold it
    ADD COLUMN IF NOT EXISTS tries int,             -- failed tries so far that may be repeated
    ADD COLUMN IF NOT EXISTS words_source text;        -- where the words come from: verbatim, claude or plain
