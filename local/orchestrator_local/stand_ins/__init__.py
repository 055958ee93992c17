"""Small HTTP servers that speak Twilio's and Anthropic's wire formats."""
