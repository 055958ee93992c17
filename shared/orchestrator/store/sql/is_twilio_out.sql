-- is_twilio_out.sql: return whether an outage of Twilio pauses delivery.
SELECT EXISTS (SELECT FROM orchestrator.pauses WHERE probes IS NOT NULL)
