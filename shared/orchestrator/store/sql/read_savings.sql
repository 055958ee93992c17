-- read_savings.sql: return the calls to Claude that were avoided since a time: by judging messages together, by stored
-- verdicts, and by words that an agent wrote itself; each with what one such call cost on average.
WITH averages AS (
    SELECT coalesce(sum(cost_usd) FILTER (WHERE action = 'check_relevance')
                    / nullif(sum(messages) FILTER (WHERE action = 'check_relevance'), 0), 0) AS judged,
           coalesce(avg(cost_usd) FILTER (WHERE action = 'render_message'), 0) AS rendered,
           avg(cost_usd) FILTER (WHERE action = 'check_relevance' AND messages = 1) AS alone,
           coalesce(sum(messages - 1) FILTER (WHERE action = 'check_relevance'), 0) AS batched
      FROM orchestrator.claude_calls(%(since)s)
     WHERE error IS NULL
)
SELECT 'batching' AS what, batched AS calls, greatest(alone - judged, 0) AS each_usd FROM averages
 UNION ALL
SELECT 'remembered verdicts', coalesce((SELECT sum(reused) FROM orchestrator.relevance WHERE judged_at >= %(since)s), 0),
       judged
  FROM averages
 UNION ALL
SELECT 'verbatim texts', (SELECT count(*) FROM message_queue WHERE words_source = 'verbatim' AND sent_at >= %(since)s),
       rendered
  FROM averages
