"""Small HTTP servers that speak Twilio's and Anthropic's wire formats, in place of the real services."""
