-- delete_person.sql: delete a person's content, numbers and preferences, in one statement. Counters and costs stay,
-- without a trace of who it was. Twilio's ids stay until the texts are deleted at Twilio too.
WITH kept_opt_outs AS (
    INSERT INTO orchestrator.forgotten_opt_outs (number_hash, opted_out_at)
    SELECT number_hash, %(now)s FROM unnest(%(number_hash)s::text[]) AS h (number_hash)
        ON CONFLICT DO NOTHING
), opt_outs_of_numbers AS (
    -- Each opt-out of the person, or of a number that they have or had, with a person who has the number now.
    SELECT DISTINCT ON (o.id) o.id, o.user_id, o.phone_number, o.ended_at, p.user_id AS sharer
      FROM orchestrator.opt_outs o
      LEFT JOIN LATERAL (
            SELECT user_id FROM orchestrator.people_of(o.phone_number) WHERE user_id <> %(user_id)s
           ) p ON true
     WHERE o.user_id = %(user_id)s OR o.phone_number = ANY (%(all_numbers)s::text[])
     ORDER BY o.id, p.user_id IS NOT DISTINCT FROM o.user_id DESC, p.user_id
), opt_outs_of_sharers AS (
    -- Those who share the number keep its opt-out.
    UPDATE orchestrator.opt_outs o SET user_id = n.sharer, note = NULL
      FROM opt_outs_of_numbers n
     WHERE o.id = n.id AND n.sharer IS NOT NULL AND n.ended_at IS NULL
), opt_outs_of_former_owners AS (
    -- A person who opted out on the number, and has another one now, stays opted out on that.
    UPDATE orchestrator.opt_outs o SET phone_number = former.phone_number
      FROM (
            SELECT DISTINCT ON (u.id) n.id, coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number
              FROM opt_outs_of_numbers n
              JOIN users u ON u.id = n.user_id AND u.id <> %(user_id)s
             WHERE n.sharer IS NULL AND n.ended_at IS NULL
             ORDER BY u.id, n.id
           ) former
     WHERE o.id = former.id
       AND NOT EXISTS (
           SELECT FROM orchestrator.opt_outs other
            WHERE other.phone_number = former.phone_number AND other.ended_at IS NULL
       )
    RETURNING o.id
), opt_outs AS (
    DELETE FROM orchestrator.opt_outs o USING opt_outs_of_numbers n
     WHERE o.id = n.id AND o.id NOT IN (SELECT id FROM opt_outs_of_former_owners)
       AND (n.sharer IS NULL OR (n.ended_at IS NOT NULL AND n.user_id = %(user_id)s))
), numbers AS (
    DELETE FROM orchestrator.numbers n
     WHERE n.phone_number = ANY (%(all_numbers)s::text[])
       AND NOT EXISTS (SELECT FROM orchestrator.people_of(n.phone_number) p WHERE p.user_id <> %(user_id)s)
), consents AS (
    DELETE FROM orchestrator.consents WHERE user_id = %(user_id)s
), number_checks AS (
    DELETE FROM orchestrator.number_checks WHERE user_id = %(user_id)s
), answer_hours AS (
    DELETE FROM orchestrator.answer_hours WHERE user_id = %(user_id)s
), pauses AS (
    DELETE FROM orchestrator.pauses WHERE scope = 'user' AND value = %(user_id)s::text
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
           superseded_reason = NULL,
           reason = CASE WHEN status IN ('queued', 'approved') THEN 'forgotten' ELSE reason END,
           status = CASE WHEN status IN ('queued', 'approved') THEN 'cancelled' ELSE status END,
           lease_until = CASE WHEN status = 'sending' THEN lease_until END
     WHERE user_id = %(user_id)s
    RETURNING id
), verdict_texts AS (
    UPDATE orchestrator.relevance SET why = ''
     WHERE message_id IN (SELECT id FROM message_queue WHERE user_id = %(user_id)s)
), attempts AS (
    UPDATE orchestrator.attempts SET phone_number = '', fingerprint = '', error = NULL, zone = NULL,
                                     law_note = NULL, words_digest = NULL, data_digest = NULL
     WHERE user_id = %(user_id)s
), approvals AS (
    DELETE FROM orchestrator.approvals
     WHERE message_id IN (SELECT id FROM message_queue WHERE user_id = %(user_id)s)
), words AS (
    DELETE FROM orchestrator.kept_words WHERE user_id = %(user_id)s
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
           output_data = CASE WHEN agent_type = 'message_orchestrator' AND NOT output_data::text ~* %(traces)s
                              THEN output_data - 'text' END,
           error = CASE WHEN agent_type = 'message_orchestrator' AND NOT error ~* %(traces)s THEN error END
     WHERE user_id = %(user_id)s
    RETURNING id
)
SELECT (SELECT count(*) FROM texts) AS messages, (SELECT count(*) FROM queue) AS queued_messages,
       (SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM tasks) AS agent_tasks,
       (SELECT count(*) FROM logs) AS log_entries
