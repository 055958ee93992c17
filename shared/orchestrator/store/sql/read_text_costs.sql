-- read_text_costs.sql: return what texts cost at Twilio by UTC day, as the price table estimates it.
SELECT day, texts, segments, twilio_usd 
  FROM orchestrator.daily_spending()
 WHERE day >= %(since)s AND texts > 0
 ORDER BY day DESC
