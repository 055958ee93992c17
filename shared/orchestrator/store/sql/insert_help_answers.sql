-- insert_help_answers.sql: accept our answers to HELP as urgent messages (R15); returns them, to be handed over. The id
-- of an answer comes from its text, so that a text that comes again gets no second one. A person who opted out gets
-- none, and one who wrote HELP repeatedly gets one in ten minutes: an automatic answer may begin with the word, too.
INSERT INTO message_queue (id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context, expires_at,
                           scheduled_for, status, lease_until, accepted_at, created_at, published_at,
                           allow_repeat)
SELECT DISTINCT ON (r.user_id)
       a.message_id, r.user_id, 'system', jsonb_build_object('type', 'help_answer', 'message', a.words), 'urgent', false,
       false, %(expires_at)s::timestamptz, %(now)s, 'approved', %(lease_until)s::timestamptz, %(now)s, %(now)s, %(now)s, true
  FROM unnest(%(message_id)s::uuid[], %(inbound_id)s::uuid[], %(words)s::text[]) AS a (message_id, inbound_id, words)
  JOIN orchestrator.readings r ON r.inbound_id = a.inbound_id AND r.kind = 'help'
 WHERE NOT EXISTS (SELECT FROM orchestrator.opt_outs_of(r.user_id, r.phone_number))
   AND NOT EXISTS (
       SELECT FROM message_queue earlier
        WHERE earlier.user_id = r.user_id AND earlier.agent_id = 'system'
          AND earlier.message_data->>'type' = 'help_answer' AND earlier.accepted_at > %(now)s - interval '10 minutes'
   )
 ORDER BY r.user_id, r.received_at
    ON CONFLICT (id) DO NOTHING
RETURNING id, user_id
