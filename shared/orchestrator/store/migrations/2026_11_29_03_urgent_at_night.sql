-- Whether urgent messages of an agent may go in quiet hours (R5); null: `system` alone may.
ALTER TABLE orchestrator.agents ADD COLUMN IF NOT EXISTS urgent_at_night boolean;
