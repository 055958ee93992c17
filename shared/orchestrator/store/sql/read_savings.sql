-- read_savings.sql: return the calls to Claude that were avoided since a time: by judging messages together, by stored
-- verdicts, and by words that an agent wrote itself; each with what one such call cost on average.
WITH calls AS (
    SELECT action, cost_usd, messages FROM orchestrator.claude_calls(%(since)s) WHERE error IS NULL
), averages AS (
    SELECT coalesce(sum(cost_usd) FILTER (WHERE action = 'check_relevance')
                    / nullif(sum(messages) FILTER (WHERE action = 'check_relevance'), 0), 0) AS judged,
           coalesce(avg(cost_usd) FILTER (WHERE action = 'render_message'), 0) AS rendered,
           coalesce(avg(cost_usd) FILTER (WHERE action = 'check_relevance' AND messages = 1), 0) AS alone
      FROM calls
)
SELECT 'batching' AS what,
       coalesce(sum(messages - 1) FILTER (WHERE action = 'check_relevance'), 0)::bigint AS calls,
       greatest(max(alone) - max(judged), 0) AS each_usd
  FROM calls, averages
 UNION ALL
SELECT 'remembered verdicts', coalesce(sum(r.reused), 0)::bigint, max(judged)
  FROM averages LEFT JOIN orchestrator.relevance r ON r.judged_at >= %(since)s
 UNION ALL
SELECT 'verbatim texts', count(m.id), max(rendered)
  FROM averages LEFT JOIN message_queue m ON m.words_source = 'verbatim' AND m.sent_at >= %(since)s
