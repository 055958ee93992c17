-- read_unknown_senders.sql: return the newest texts of unknown senders.
SELECT sid, phone_number, body, media, received_at FROM orchestrator.strangers ORDER BY received_at DESC LIMIT %(limit)s
