-- read_spending.sql: what texts cost at Twilio by day, an estimate by the price table.
SELECT day, texts, segments, twilio_usd FROM orchestrator.spending WHERE day >= %(since)s AND texts > 0 ORDER BY day DESC
