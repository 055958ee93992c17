-- A rejection is reported to its agent as an event, also where its person is not known.
ALTER TABLE orchestrator.events ALTER COLUMN user_id DROP NOT NULL;
