-- delete_traces.sql: delete what names a person in rows that are not stored as theirs: notes of pauses and legal holds,
-- actions of operators, rejected bodies and their events, texts of unknown senders, and agents' tasks and log entries.
-- Texts to and from other people stay as they are, and so do tasks and log entries of people under a legal hold. A name
-- counts where no person is named.
WITH notes AS (
    UPDATE orchestrator.pauses SET note = NULL WHERE note ~* %(traces)s OR note ~* %(name)s RETURNING scope
), holds AS (
    UPDATE orchestrator.legal_holds SET note = 'names a person who was deleted'
     WHERE note ~* %(traces)s OR note ~* %(name)s
    RETURNING user_id
), actions AS (
    UPDATE orchestrator.operator_actions SET target = 'forgotten', change = '{}', reason = NULL
     WHERE user_id = %(user_id)s OR concat_ws(' ', target, change, reason) ~* %(traces)s
        OR concat_ws(' ', target, change, reason) ~* %(name)s
    RETURNING id
), rejections AS (
    DELETE FROM orchestrator.rejections WHERE concat_ws(' ', agent_id, field, problem) ~* %(traces)s RETURNING sqs_message_id
), events AS (
    DELETE FROM orchestrator.events WHERE user_id IS NULL AND detail::text ~* %(traces)s RETURNING id
), unknown_senders AS (
    DELETE FROM orchestrator.strangers
     WHERE phone_number = ANY (%(all_numbers)s::text[]) OR concat_ws(' ', phone_number, body, media) ~* %(traces)s
        OR body ~* %(name)s
    RETURNING sid
), tasks AS (
    UPDATE agent_tasks t
       SET context_json = '{}', result_json = NULL, error_log = NULL,
           status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END
     WHERE user_id IS DISTINCT FROM %(user_id)s
       AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = t.user_id)
       AND (concat_ws(' ', context_json, result_json, error_log) ~* %(traces)s
            OR (user_id IS NULL AND concat_ws(' ', context_json, result_json, error_log) ~* %(name)s))
    RETURNING t.id
), logs AS (
    UPDATE agent_actions_log l SET input_data = NULL, output_data = NULL, error = NULL
     WHERE user_id IS DISTINCT FROM %(user_id)s
       AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = l.user_id)
       AND (concat_ws(' ', input_data, output_data, error) ~* %(traces)s
            OR (user_id IS NULL AND concat_ws(' ', input_data, output_data, error) ~* %(name)s))
    RETURNING l.id
)
SELECT (SELECT count(*) FROM notes) + (SELECT count(*) FROM holds) + (SELECT count(*) FROM actions)
     + (SELECT count(*) FROM rejections) + (SELECT count(*) FROM events) + (SELECT count(*) FROM unknown_senders)
     + (SELECT count(*) FROM tasks) + (SELECT count(*) FROM logs)
