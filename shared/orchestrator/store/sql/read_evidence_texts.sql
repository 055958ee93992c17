-- read_evidence_texts.sql: return the texts to a person that were begun in a span of time, oldest first, each with what
-- decided on it (R15). Words that the retention cleared come from the evidence.
SELECT a.id AS text_id, a.message_id, q.agent_id, q.priority, coalesce(q.is_reply, false) AS is_reply, q.published_at,
       a.phone_number, a.started_at, a.settled_at, coalesce(a.outcome, 'under way') AS outcome, a.evidence AS proved_by,
       a.twilio_message_sid, a.error_code, m.delivered_at, a.undelivered_at, a.undelivered_code, a.segments, a.part,
       EXISTS (SELECT FROM orchestrator.opt_outs o WHERE o.confirmation_id = a.message_id) AS confirms_opt_out,
       a.fingerprint = 'recovered' AS is_restored,
       a.zone, a.purpose, a.active_since, a.reply_to, a.law_note,
       coalesce(nullif(m.content, ''), k.content) AS words,
       coalesce(
           (
               SELECT jsonb_agg(jsonb_build_object('at', t.at, 'status', t.status, 'reason', t.reason, 'note', t.note)
                                ORDER BY t.id)
                 FROM orchestrator.timeline t
                WHERE t.message_id = a.message_id
           ),
           '[]'
       ) AS decisions,
       to_jsonb(consent.*) AS consent,
       to_jsonb(number_check.*) AS number_check
  FROM orchestrator.attempts a
  LEFT JOIN message_queue q ON q.id = a.message_id
  LEFT JOIN messages m ON m.id = a.id
  LEFT JOIN orchestrator.kept_words k ON k.text_id = a.id
  LEFT JOIN LATERAL (
        -- The consent as it was known when the text began: what was recorded later does not count.
        SELECT c.at AS given_at, c.until, c.source, c.wording, c.reference, c.recorded_by, c.recorded_at
          FROM orchestrator.consents c
         WHERE c.phone_number = a.phone_number AND c.purpose = a.purpose AND c.is_given
           AND c.at <= a.started_at AND c.recorded_at <= a.started_at
           AND (c.until IS NULL OR c.until > a.started_at)
           AND NOT EXISTS (
               SELECT FROM orchestrator.consents revoked
                WHERE revoked.phone_number = c.phone_number AND revoked.purpose = c.purpose AND NOT revoked.is_given
                  AND revoked.at >= c.at AND revoked.recorded_at <= a.started_at
           )
           AND NOT EXISTS (
               SELECT FROM orchestrator.opt_outs o
                WHERE o.phone_number = c.phone_number AND o.opted_out_at >= c.at
                  AND coalesce(o.stored_at, o.opted_out_at) <= a.started_at
           )
         -- The person's own first, then that of a person who shares the phone.
         ORDER BY c.user_id = %(user_id)s DESC, c.at DESC
         LIMIT 1
       ) consent ON true
  LEFT JOIN LATERAL (
        SELECT c.asked_at, c.verified_on AS since, c.answer AS has_another_owner
          FROM orchestrator.number_checks c
         WHERE a.purpose = 'marketing' AND c.phone_number = a.phone_number AND c.answer IS NOT NULL
           AND c.asked_at <= a.started_at AND c.asked_at > a.started_at - %(asked_every)s::interval
         ORDER BY c.asked_at DESC
         LIMIT 1
       ) number_check ON true
 WHERE a.user_id = %(user_id)s AND a.started_at >= %(since)s AND a.started_at < %(until)s
 ORDER BY a.started_at, a.id
