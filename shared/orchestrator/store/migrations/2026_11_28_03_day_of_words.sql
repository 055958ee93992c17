-- Words that were written from findings are written again on another day: they may speak of the day (R9).
ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS words_on date;            -- the person's local date when the words were written
