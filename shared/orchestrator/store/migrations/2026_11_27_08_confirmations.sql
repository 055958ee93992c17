-- A person whose opt-out Twilio did not confirm itself gets one confirmation (R11).
-- Until when it may go; null where none is due. And the message that it became: it is claimed once.
ALTER TABLE orchestrator.opt_outs ADD COLUMN confirm_until timestamptz;
ALTER TABLE orchestrator.opt_outs ADD COLUMN confirmation_id uuid;
