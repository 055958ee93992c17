-- retain_asides.sql: what was said beside the messages: why one was judged as it was, strangers' texts, media, tasks of
-- ours, and events that no bus took.
WITH whys AS (
    UPDATE orchestrator.relevance SET why = '' WHERE judged_at < %(before)s AND why <> ''
), strangers AS (
    DELETE FROM orchestrator.strangers WHERE received_at < %(before)s
), media AS (
    DELETE FROM orchestrator.media m USING orchestrator.readings r
     WHERE r.inbound_id = m.inbound_id AND r.received_at < %(before)s
), events AS (
    DELETE FROM orchestrator.events WHERE at < %(before)s
)
UPDATE agent_tasks SET context_json = '{}'
 WHERE created_by = 'message_orchestrator' AND created_at < %(before)s AND context_json <> '{}'
