-- find_consents.sql: return the entries of the ledger of consents that have these ids.
SELECT c.id, c.user_id, c.phone_number, c.purpose, c.topic, c.is_given, c.at, c.until, c.source, c.wording, c.reference,
       c.recorded_by
  FROM orchestrator.consents c
 WHERE c.id = ANY (%(ids)s::uuid[])
