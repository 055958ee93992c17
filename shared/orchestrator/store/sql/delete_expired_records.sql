-- delete_expired_records.sql: delete one batch of rejections, withdrawals, waits for users and agents' rates from before a
-- time, and one of the words that were kept as evidence for long enough (R15). Those of people under a legal hold stay.
WITH rejections AS (
    DELETE FROM orchestrator.rejections
     WHERE sqs_message_id IN (
           SELECT sqs_message_id FROM orchestrator.rejections WHERE rejected_at < %(before)s LIMIT %(limit)s
     )
    RETURNING sqs_message_id
), withdrawals AS (
    DELETE FROM orchestrator.withdrawals
     WHERE (message_id, publisher) IN (
           SELECT w.message_id, w.publisher
             FROM orchestrator.withdrawals w
            WHERE w.withdrawn_at < %(before)s
              AND NOT EXISTS (
                  SELECT FROM message_queue m
                    JOIN orchestrator.legal_holds h ON h.user_id = m.user_id
                   WHERE m.id = w.message_id
              )
            LIMIT %(limit)s
     )
    RETURNING message_id
), topic_withdrawals AS (
    DELETE FROM orchestrator.topic_withdrawals
     WHERE (user_id, topic, publisher) IN (
           SELECT t.user_id, t.topic, t.publisher
             FROM orchestrator.topic_withdrawals t
            WHERE t.withdrawn_at < %(before)s
              AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = t.user_id)
            LIMIT %(limit)s
     )
    RETURNING topic
), rates AS (
    DELETE FROM orchestrator.agent_rates
     WHERE (agent_id, span) IN (
           SELECT agent_id, span FROM orchestrator.agent_rates WHERE span < %(before)s LIMIT %(limit)s
     )
    RETURNING agent_id
), waits AS (
    DELETE FROM orchestrator.waits_for_users
     WHERE message_id IN (
           SELECT message_id FROM orchestrator.waits_for_users WHERE until < %(before)s LIMIT %(limit)s
     )
    RETURNING message_id
), words AS (
    DELETE FROM orchestrator.kept_words
     WHERE text_id IN (
           SELECT k.text_id
             FROM orchestrator.kept_words k
            WHERE k.written_at < %(keep_since)s
              AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = k.user_id)
            LIMIT %(limit)s
     )
    RETURNING text_id
)
SELECT (SELECT count(*) FROM rejections) + (SELECT count(*) FROM withdrawals)
     + (SELECT count(*) FROM topic_withdrawals) + (SELECT count(*) FROM rates) + (SELECT count(*) FROM words)
     + (SELECT count(*) FROM waits)
