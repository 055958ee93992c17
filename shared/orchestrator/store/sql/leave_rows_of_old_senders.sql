-- leave_rows_of_old_senders.sql: leave the rows of agents to an old sender that is there, for good (R12). What is pending
-- at the first tick without it may have been sent, too: which rows came after its end is not known.
WITH now_there AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM orchestrator.old_senders()) AS present
), last_tick AS (
    SELECT EXISTS (SELECT FROM orchestrator.old_sender_seen) AS present
), arrival AS (
    INSERT INTO orchestrator.old_sender_seen (seen_at)
    SELECT %(now)s FROM now_there WHERE present
        ON CONFLICT DO NOTHING
), departure AS (
    DELETE FROM orchestrator.old_sender_seen USING now_there WHERE NOT now_there.present
)
INSERT INTO orchestrator.left_alone (message_id)
SELECT m.id
  FROM messages m, now_there, last_tick
 WHERE (now_there.present OR last_tick.present)
   AND m.direction = 'outbound' AND m.status IN ('pending', 'queued_for_send')
   AND m.created_at > %(now)s - interval '1 day'
    ON CONFLICT DO NOTHING
