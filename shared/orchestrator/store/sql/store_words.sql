-- store_words.sql: store the words of messages before any is sent; words once stored are never replaced.
UPDATE message_queue m
   SET final_message = words.text, words_source = words.source, segments = words.segments, encoding = words.encoding
  FROM unnest(%(message_id)s::uuid[], %(text)s::text[], %(source)s::text[], %(segments)s::int[], %(encoding)s::text[])
    AS words (message_id, text, source, segments, encoding)
 WHERE m.id = words.message_id AND m.words_source IS NULL
