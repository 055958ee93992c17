-- clear_person_sids.sql: clear Twilio's ids of texts that are deleted at Twilio.
WITH attempts AS (
    UPDATE orchestrator.attempts SET twilio_message_sid = NULL
     WHERE user_id = %(user_id)s AND twilio_message_sid = ANY (%(sids)s::text[])
)
UPDATE messages SET twilio_message_sid = NULL
 WHERE user_id = %(user_id)s AND twilio_message_sid = ANY (%(sids)s::text[])
