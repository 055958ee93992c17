-- Who set a pause (R13): the operator; null where a function set it.
ALTER TABLE orchestrator.pauses ADD COLUMN IF NOT EXISTS paused_by text;
