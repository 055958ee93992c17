-- delete_old_records.sql: delete what older records hold beside the messages: the reasons of verdicts, texts of unknown
-- senders, media, events that no bus took, and the content of our own tasks.
WITH verdict_texts AS (
    UPDATE orchestrator.relevance SET why = '' WHERE judged_at < %(before)s AND why <> ''
), unknown_senders AS (
    DELETE FROM orchestrator.strangers WHERE received_at < %(before)s
), media AS (
    DELETE FROM orchestrator.media m USING orchestrator.readings r
     WHERE r.inbound_id = m.inbound_id AND r.received_at < %(before)s
), events AS (
    DELETE FROM orchestrator.events WHERE at < %(before)s
)
UPDATE agent_tasks SET context_json = '{}'
 WHERE created_by = 'message_orchestrator' AND created_at < %(before)s AND context_json <> '{}'
