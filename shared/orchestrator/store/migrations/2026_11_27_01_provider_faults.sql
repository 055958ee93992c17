-- What a number's last text met on its way, and a pause during an outage of Twilio.
ALTER TABLE orchestrator.numbers
    ADD COLUMN IF NOT EXISTS blocked_code int;   -- 30004: its last text was blocked; the second in a row ends texts to it
