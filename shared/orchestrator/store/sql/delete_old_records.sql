-- delete_old_records.sql: delete what older records hold beside the messages: the reasons of verdicts, texts of unknown
-- senders, media, events that no bus took, and the content of our own tasks. Records of people under a legal hold stay.
WITH verdict_texts AS (
    UPDATE orchestrator.relevance r SET why = ''
     WHERE r.judged_at < %(before)s AND r.why <> ''
       AND NOT EXISTS (
           SELECT FROM message_queue m
             JOIN orchestrator.legal_holds h ON h.user_id = m.user_id
            WHERE m.id = r.message_id
       )
), unknown_senders AS (
    DELETE FROM orchestrator.strangers WHERE received_at < %(before)s
), media AS (
    DELETE FROM orchestrator.media m USING orchestrator.readings r
     WHERE r.inbound_id = m.inbound_id AND r.received_at < %(before)s
       AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = r.user_id)
), events AS (
    DELETE FROM orchestrator.events WHERE at < %(before)s
)
UPDATE agent_tasks t SET context_json = '{}'
 WHERE t.created_by = 'message_orchestrator' AND t.created_at < %(before)s AND t.context_json <> '{}'
   AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = t.user_id)
