-- delete_expired_records.sql: delete one batch of rejections, withdrawals and agents' rates from before a time.
WITH rejections AS (
    DELETE FROM orchestrator.rejections
     WHERE sqs_message_id IN (
           SELECT sqs_message_id FROM orchestrator.rejections WHERE rejected_at < %(before)s LIMIT %(limit)s
     )
    RETURNING 1
), withdrawals AS (
    DELETE FROM orchestrator.withdrawals
     WHERE (message_id, publisher) IN (
           SELECT message_id, publisher FROM orchestrator.withdrawals WHERE withdrawn_at < %(before)s LIMIT %(limit)s
     )
    RETURNING 1
), topic_withdrawals AS (
    DELETE FROM orchestrator.topic_withdrawals
     WHERE (user_id, topic, publisher) IN (
           SELECT user_id, topic, publisher FROM orchestrator.topic_withdrawals
            WHERE withdrawn_at < %(before)s
            LIMIT %(limit)s
     )
    RETURNING 1
), rates AS (
    DELETE FROM orchestrator.agent_rates
     WHERE (agent_id, span) IN (
           SELECT agent_id, span FROM orchestrator.agent_rates WHERE span < %(before)s LIMIT %(limit)s
     )
    RETURNING 1
)
SELECT (SELECT count(*) FROM rejections) + (SELECT count(*) FROM withdrawals)
     + (SELECT count(*) FROM topic_withdrawals) + (SELECT count(*) FROM rates)
