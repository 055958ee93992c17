-- Columns of a message that the rules on order, replacement and publishers need.
ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS published_at timestamptz,         -- the time in its v7 id, never later than its acceptance
    ADD COLUMN IF NOT EXISTS best_at timestamptz,              -- the person's best time for it (R7)
    ADD COLUMN IF NOT EXISTS topic text,
    ADD COLUMN IF NOT EXISTS supersedes_message_id uuid,
    ADD COLUMN IF NOT EXISTS publisher text;  -- the SenderId that published it, where its agent has publishers
