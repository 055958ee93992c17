"""The whole-body words of Twilio and the carriers: STOP, START and HELP (R11)."""

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
HELP_WORDS = frozenset({"HELP", "INFO"})

# Texts that do not make a person active (R4). YES is left out: it also answers questions.
NOT_CONVERSATION = sorted(STOP_WORDS | HELP_WORDS | {"START", "UNSTOP"})
