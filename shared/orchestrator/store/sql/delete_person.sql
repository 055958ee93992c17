-- delete_person.sql: delete a person's content, numbers and preferences, in one statement. Counters and costs stay,
-- without a trace of who it was. Twilio's ids stay until the texts are deleted at Twilio too.
WITH kept_opt_outs AS (
    INSERT INTO orchestrator.forgotten_opt_outs (number_hash, opted_out_at)
    SELECT number_hash, %(now)s FROM unnest(%(number_hash)s::text[]) AS h (number_hash)
        ON CONFLICT DO NOTHING
), shared_opt_outs AS (
    -- Those who share the number keep its opt-out.
    SELECT DISTINCT ON (o.id) o.id, p.user_id
      FROM orchestrator.opt_outs o
     CROSS JOIN LATERAL orchestrator.people_of(o.phone_number) p
     WHERE o.ended_at IS NULL AND (o.user_id = %(user_id)s OR o.phone_number = %(phone_number)s)
       AND p.user_id <> %(user_id)s
     ORDER BY o.id, p.user_id
), opt_outs_of_sharers AS (
    UPDATE orchestrator.opt_outs o SET user_id = s.user_id, note = NULL FROM shared_opt_outs s WHERE o.id = s.id
), opt_outs AS (
    DELETE FROM orchestrator.opt_outs
     WHERE (user_id = %(user_id)s OR phone_number = %(phone_number)s) AND id NOT IN (SELECT id FROM shared_opt_outs)
), numbers AS (
    DELETE FROM orchestrator.numbers n
     WHERE n.phone_number = ANY (%(all_numbers)s::text[])
       AND NOT EXISTS (SELECT FROM orchestrator.people_of(n.phone_number) p WHERE p.user_id <> %(user_id)s)
), unknown_senders AS (
    DELETE FROM orchestrator.strangers WHERE phone_number = ANY (%(all_numbers)s::text[])
), texts AS (
    UPDATE messages
       SET content = '',
           status = CASE WHEN status IN ('pending', 'queued', 'queued_for_send') THEN 'failed' ELSE status END
     WHERE user_id = %(user_id)s
    RETURNING id
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'cancelled', 'forgotten' FROM message_queue
     WHERE user_id = %(user_id)s AND status IN ('queued', 'approved')
), queue AS (
    UPDATE message_queue
       SET message_data = '{"type": "forgotten"}', final_message = NULL, words_source = 'forgotten', topic = NULL,
           reason = CASE WHEN status IN ('queued', 'approved') THEN 'forgotten' ELSE reason END,
           status = CASE WHEN status IN ('queued', 'approved') THEN 'cancelled' ELSE status END,
           lease_until = CASE WHEN status = 'sending' THEN lease_until END
     WHERE user_id = %(user_id)s
    RETURNING id
), verdict_texts AS (
    UPDATE orchestrator.relevance SET why = ''
     WHERE message_id IN (SELECT id FROM message_queue WHERE user_id = %(user_id)s)
), attempts AS (
    UPDATE orchestrator.attempts SET phone_number = '', fingerprint = '', error = NULL WHERE user_id = %(user_id)s
), media AS (
    DELETE FROM orchestrator.media m USING orchestrator.readings r
     WHERE r.inbound_id = m.inbound_id AND r.user_id = %(user_id)s
), readings AS (
    DELETE FROM orchestrator.readings WHERE user_id = %(user_id)s
), topics AS (
    DELETE FROM orchestrator.topic_withdrawals WHERE user_id = %(user_id)s
), events AS (
    DELETE FROM orchestrator.events WHERE user_id = %(user_id)s
), conversations AS (
    UPDATE conversations SET phone_number = 'forgotten', conversation_summary = NULL, status = 'closed'
     WHERE user_id = %(user_id)s
    RETURNING id
), tasks AS (
    UPDATE agent_tasks
       SET context_json = '{}', result_json = NULL, error_log = NULL,
           status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END
     WHERE user_id = %(user_id)s
    RETURNING id
), logs AS (
    -- Our own log entries keep what a call cost and how it ended. Others lose everything that might quote the person.
    UPDATE agent_actions_log
       SET input_data = NULL, user_id = NULL,
           output_data = CASE agent_type WHEN 'message_orchestrator' THEN output_data - 'text' END,
           error = CASE agent_type WHEN 'message_orchestrator' THEN error END
     WHERE user_id = %(user_id)s
    RETURNING id
)
SELECT (SELECT count(*) FROM texts) AS messages, (SELECT count(*) FROM queue) AS queued_messages,
       (SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM tasks) AS agent_tasks,
       (SELECT count(*) FROM logs) AS log_entries
