-- The publisher's own id of a person, such as user_123.
ALTER TABLE users ADD COLUMN IF NOT EXISTS external_id text;
