-- delete_sids.sql: these texts are gone at Twilio.
WITH of_attempts AS (
    UPDATE orchestrator.attempts SET twilio_message_sid = NULL
     WHERE user_id = %(user_id)s AND twilio_message_sid = ANY (%(sids)s::text[])
)
UPDATE messages SET twilio_message_sid = NULL WHERE user_id = %(user_id)s AND twilio_message_sid = ANY (%(sids)s::text[])
