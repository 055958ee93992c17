"""The words and phrases by which an intent is clear without a reader (R11), in English, Spanish, French and Portuguese.

Each is compared with the whole text after `inbound_text.words_of`: casefolded, without accents, apostrophes and
punctuation. A phrase that is part of a longer text is never clear.
"""

import re
from collections.abc import Sequence

# Revocations by themselves: 47 CFR 64.1200(a)(10) names stop, quit, end, revoke, opt out, cancel and unsubscribe.
# Twilio and the carriers act on STOPALL, too. ARRET is required in Canada (CASL); the others are its like elsewhere.
STOP_WORDS = frozenset(
    (
        *("stop", "stopall", "stopit", "quit", "revoke", "optout", "unsubscribe", "alto", "baja", "detener"),
        *("detenga", "parar", "pare", "parem", "sair", "arret", "arreter", "arretez", "desabonner"),
        *("desabonnement", "desinscription", "desinscrire"),
    )
)
# The same, but people also answer questions with them: clear only when the text has no other word at all.
BARE_STOP_WORDS = frozenset({"end", "cancel", "cancelar"})
HELP_WORDS = frozenset({"help", "info", "aide", "ayuda", "ajuda"})

# Around a clear word or phrase these change nothing.
_COURTESY = (
    r"(?:please|pls|plz|plse|thank you|thanks|thx|ty|ok|okay|hi|hello|hey|sorry|now|just|already|kindly|sir|maam|guys"
    r"|por favor|gracias|hola|ya|svp|sil vous plait|sil te plait|merci|bonjour|obrigado|obrigada|ola)"
)
_COURTESIES = re.compile(rf"^(?:{_COURTESY}(?: |$))+|(?:(?:^| ){_COURTESY})+$")


def core_of(line: str) -> str:
    """The words of a text without the courtesies at both ends; a word that is repeated stands once."""
    core = _COURTESIES.sub("", line)
    words = core.split()
    return words[0] if len(set(words)) == 1 else core


_TEXTS = r"(?:texts?|txts?|messages?|msgs?|sms|text messages?)"
_WHOSE = r"(?:the|these|this|those|your|any|all|more|of)"
_ME = r"(?:me|us|this number|my (?:phone|number|cell))"
_LIST = (
    r"(?:(?: (?:your|the|this|that|any|all|these))*(?: (?:mailing|text|contact|marketing|call))?"
    r"(?: (?:lists?|database|system|texts|messages))?)?"
)
_MENSAJES = r"(?: (?:mensajes|textos))?"
_MENSAGENS = r"(?: (?:mensagens|mensagem|sms))?"
_CLEAR_STOPS = (
    # English
    r"(?:no )?sto+p+",  # "No. Stop."
    r"stop (?:it|this|that|all|everything|these|them)",
    r"(?:stop|quit|cease) (?:texting|txting|messaging|contacting|bothering|spamming|writing)"
    rf"(?: {_ME})?(?: ever again)?",
    rf"(?:stop|quit|cease) (?:sending|with)(?: {_ME})?(?: {_WHOSE})*(?: {_TEXTS})(?: to {_ME})?",
    rf"(?:i said|i want you to|you need to) stop(?: (?:texting|messaging|contacting) {_ME})?",
    rf"no more {_TEXTS}(?: (?:ever|from you))?",
    rf"(?:dont|do not|never)(?: ever)? (?:text|txt|message|msg|contact)(?: {_ME})?"
    r"(?: (?:again|anymore|any more|ever|ever again))?",
    rf"unsubscribe(?: {_ME})?(?: from{_LIST})?",
    r"i (?:want|would like|wish|need) to (?:unsubscribe|opt out|be removed)|id like to (?:unsubscribe|opt out)",
    rf"(?:i )?opt(?:ing)?(?: {_ME})? out(?: (?:of|from){_LIST})?",
    r"i (?:revoke|withdraw)(?: my)? consent|consent revoked",
    rf"(?:remove|delete) (?:{_ME}|my phone number)(?: (?:from|off)(?: of)?{_LIST})?",
    rf"take (?:{_ME}|my phone number) (?:from|off)(?: of)?{_LIST}",
    r"lose (?:my|this) number|leave (?:me|us) alone",
    # Spanish
    r"no me (?:escribas|(?:escriba|mande|envie|contacte)[ns]?|(?:texte|moleste)e?n?)(?: mas)?"
    + _MENSAJES
    + "(?: mas)?",
    r"dejen? de (?:mandar|enviar|escribir|molestar|contactar|textear)(?:me|nos)?(?: mas)?" + _MENSAJES,
    r"(?:ya )?no quiero (?:recibir )?mas (?:mensajes|textos)|no mas (?:mensajes|textos)",
    r"(?:quiero |deseo )?(?:darme|dar|denme|deme) de baja",
    # French
    r"arretez de m(?:envoyer|ecrire|contacter|texter)(?: (?:des|vos|de))?(?: (?:messages|textos|sms))?",
    r"ne m(?:e )?(?:ecrivez|envoyez|contactez|textez) plus(?: (?:de|rien))?(?: (?:messages|textos|sms))?",
    r"plus de (?:messages|textos|sms)|desabonnez moi|je (?:veux|souhaite|voudrais) me desabonner",
    # Portuguese
    r"(?:pare|parem|para) de (?:me )?(?:mandar|enviar|escrever)(?: mais)?(?: me)?" + _MENSAGENS,
    r"nao (?:me )?(?:mande|mandem|envie|enviem|escreva|escrevam)(?: mais)?" + _MENSAGENS + "(?: mais)?",
    r"(?:eu )?nao quero (?:receber )?mais (?:mensagens|sms)",
)
CLEAR_STOP = re.compile("|".join(f"(?:{phrase})" for phrase in _CLEAR_STOPS))

CLEAR_WRONG_PERSON = re.compile(
    r"(?:i (?:think|believe) )?(?:(?:you|u|youve|you ve) (?:have |got |have got )?)?(?:this is )?(?:the |a )?"
    r"wrong (?:number|person|num|no)"
    r"|(?:se equivoco de|tiene el|este es un|es un)? ?numero equivocado|se equivoco de numero"
    r"|(?:vous avez le |cest le )?mauvais numero|(?:voce tem o )?numero errado"
)

# Texts that a phone or a mail system writes by itself. Those of phones and carriers stand as they are.
FIXED_AUTOMATIC = re.compile(
    r"driving with (?:focus|do not disturb)|i(?:m| am) not receiving notifications|sent from my roadtrip"
    r"|message blocking is active|person you are texting is not accepting|^(?:im|i am) driving right now"
    r"|^(?:sorry )?i cant talk right now|^im in a meeting can i call you later"
    r"|^estoy conduciendo|^je conduis en ce moment"
)
# Others are written by people, who may have put a wish into them.
WRITTEN_AUTOMATIC = re.compile(
    r"^auto ?(?:matic)?(?:ed)? ?(?:reply|response)|^respuesta automatica|^reponse automatique|^resposta automatica"
    r"|^out of office|(?:am|im) currently (?:out of|away from) the office|this is an automated (?:message|response)"
    r"|(?:mailbox|number|inbox) is not monitored"
    r"|^(?:thank you|thanks) for (?:contacting|messaging|reaching out|your message)"
)
WISH_IN_AUTOMATIC = re.compile(
    r"\b(?:stop|unsubscri|remov|opt|wrong|baja|arret|(?:dont|do not|never) (?:text|message|contact|write|send))"
)
ANSWERS = frozenset(
    (
        *(
            "ok",
            "okay",
            "k",
            "kk",
            "sure",
            "yep",
            "yeah",
            "yup",
            "thanks",
            "thank you",
            "thx",
            "ty",
            "great",
            "perfect",
        ),
        *("cool", "nice", "awesome", "lol", "haha", "hi", "hello", "hey", "sounds good", "got it", "good morning"),
        *("good evening", "thank you so much", "thanks so much", "thanks a lot"),
        *("gracias", "merci", "obrigado", "obrigada", "perfecto", "parfait", "perfeito"),
    )
)
FRIENDLY_SYMBOLS = frozenset("👍👌🙏❤♥😀😂🤣😊🙂😄😁😍🎉💯👏✅🔥☺😘🥰")

# What may belong to a wish to stop, in English, Spanish, French, Portuguese and German: beginnings of words, words, and
# phrases. A text with any of them is read before anything goes to its person (R11); others are conversation.
_BEGINNINGS = (
    *("stop", "stpo", "sotp", "quit", "ceas", "revok", "optin", "optout", "cancel", "unsub", "remov", "delet", "block"),
    *("harass", "report", "spam", "scam", "fuck", "damn", "annoy", "bother", "unwanted", "interes", "consent"),
    *("nonstop", "piss", "lawyer", "deten", "chega", "arret", "desabon", "desinscri", "suffi", "jamais", "nunca"),
    *("dej", "kein", "aufhor", "abmeld", "abbestell"),
)
_WORDS = frozenset(
    (
        *("end", "ended", "ending", "opt", "leave", "lose", "enough", "sue", "f", "junk", "wrong", "never", "dont"),
        *("no", "nope", "none", "non", "not", "nor", "didnt", "wont", "cant", "isnt", "keep", "kept", "off", "bye"),
        *("goodbye", "hate", "lost", "alto", "baja", "basta", "parar", "pare", "parem", "sair", "nao", "ne", "pas"),
        *("plus", "assez", "fin", "mas", "nicht"),
    )
)
_PHRASES = (
    *("take me", "take us", "take my", "get me", "go away", "shut up", "over this", "over it", "we are done"),
    *("im done", "gave you", "get my", "have my", "who is this", "whos this", "who are you", "im not"),
)


def may_be_a_wish(words: Sequence[str]) -> bool:
    """Whether a text has a word that a wish to stop may be made of."""
    line = f" {' '.join(words)} "
    return any(word.startswith(_BEGINNINGS) or word in _WORDS for word in words) or any(
        f" {phrase} " in line for phrase in _PHRASES
    )
