-- read_relevance_questions.sql: return, for each person, their newest texts, those of ours that they may answer, and the
-- waiting messages in question: accepted before the newest text, and without a verdict since (R10). A person without
-- such messages is returned only with `also_idle`.
SELECT person.id AS user_id, newest.id AS inbound_id, texts.texts, texts.text_ids, questions.messages
  FROM unnest(%(user_ids)s::uuid[]) AS person (id)
 CROSS JOIN LATERAL (
        SELECT t.id, t.created_at
          FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
         WHERE t.user_id = person.id
         ORDER BY t.created_at DESC, t.id DESC
         LIMIT 1
       ) newest
 CROSS JOIN LATERAL (
        SELECT jsonb_agg(
                   jsonb_build_object('text', last.content, 'at', last.created_at, 'from_person', last.from_person)
                   ORDER BY last.created_at
               ) AS texts,
               array_agg(last.id) FILTER (WHERE last.from_person) AS text_ids
          FROM (
                (
                 SELECT t.id, t.content, t.created_at, true AS from_person
                   FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
                  WHERE t.user_id = person.id
                  ORDER BY t.created_at DESC, t.id DESC
                  LIMIT %(texts)s
                )
                 UNION ALL
                (
                 SELECT ours.id, ours.content, ours.created_at, false
                   FROM (
                         (
                          SELECT a.twilio_message_sid
                            FROM orchestrator.attempts a
                           WHERE a.user_id = person.id AND a.holds_slot AND a.twilio_message_sid IS NOT NULL
                             AND a.started_at <= newest.created_at
                           ORDER BY a.started_at DESC
                           LIMIT %(our_texts)s
                         )
                          UNION ALL
                         (
                          SELECT a.twilio_message_sid
                            FROM orchestrator.attempts a
                           WHERE a.user_id = person.id AND NOT a.holds_slot AND a.twilio_message_sid IS NOT NULL
                             AND a.started_at <= newest.created_at
                           ORDER BY a.started_at DESC
                           LIMIT %(our_texts)s
                         )
                        ) sent
                   JOIN messages ours ON ours.twilio_message_sid = sent.twilio_message_sid AND ours.content <> ''
                  ORDER BY ours.created_at DESC, ours.id DESC
                  LIMIT %(our_texts)s
                )
               ) last
       ) texts
 CROSS JOIN LATERAL (
        SELECT jsonb_agg(
                   jsonb_build_object('message_id', m.id, 'agent_id', m.agent_id, 'data', m.message_data,
                                      'words', m.final_message, 'topic', m.topic, 'queued_at', m.accepted_at)
                   ORDER BY m.accepted_at, m.id
               ) AS messages
          FROM (
                SELECT m.*
                  FROM message_queue m
                 WHERE m.user_id = person.id AND m.accepted_at IS NOT NULL AND m.status IN ('queued', 'approved')
                   AND m.requires_fresh_context AND m.accepted_at < newest.created_at
                   AND coalesce(m.sequence_position, 1) = 1  -- it stands for its whole sequence (R8)
                   AND m.expires_at > %(now)s AND m.reason IS DISTINCT FROM 'sequence_incomplete'
                   AND NOT EXISTS (
                       SELECT FROM orchestrator.relevance r WHERE r.message_id = m.id AND r.inbound_id = newest.id
                   )
                 ORDER BY m.accepted_at, m.id
                 LIMIT %(messages)s
               ) m
       ) questions
 WHERE questions.messages IS NOT NULL OR %(also_idle)s
