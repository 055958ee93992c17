-- read_unknown_senders.sql: the newest texts of nobody.
SELECT sid, phone_number, body, media, received_at FROM orchestrator.strangers ORDER BY received_at DESC LIMIT %(limit)s
