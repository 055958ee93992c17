"""The words and phrases by which an intent is clear without a reader (R11), in English, Spanish, French and Portuguese.

Each is compared with the whole text after `inbound_text.words_of`: casefolded, without accents, apostrophes and
punctuation. A phrase that is part of a longer text is never clear.
"""

import re

# Revocations by themselves: 47 CFR 64.1200(a)(10) names stop, quit, end, revoke, opt out, cancel and unsubscribe.
# Twilio and the carriers act on STOPALL, too. ARRET is required in Canada (CASL); the others are its like elsewhere.
STOP_WORDS = frozenset(
    (
        *("stop", "stopall", "stopit", "quit", "revoke", "optout", "unsubscribe", "alto", "baja", "detener"),
        *("detenga", "parar", "pare", "parem", "sair", "arret", "arrete", "arreter", "arretez", "desabonner"),
        *("desabonnement", "desinscription", "desinscrire"),
    )
)
# The same, but people also answer questions with them: clear only when the text has no other word at all.
BARE_STOP_WORDS = frozenset({"end", "cancel", "cancelar"})
HELP_WORDS = frozenset({"help", "info", "aide", "ayuda", "ajuda"})

# Around a clear word or phrase these change nothing.
_COURTESY = (
    r"(?:please|pls|plz|plse|please and thank you|thank you(?: (?:so|very) much)?"
    r"|(?:many )?thanks(?: (?:so much|a lot))?|thx|ty|ok|okay|hi|hello|hey"
    r"|good (?:morning|afternoon|evening|day)|have a (?:nice|good|great) day|sorry|now|just"
    r"|already|kindly|sir|maam|guys|por favor|(?:muchas )?gracias|hola|buen[oa]s (?:dias|tardes|noches)|ya"
    r"|svp|sil (?:vous|te) plait|merci(?: beaucoup)?|bonjour|(?:muito )?obrigad[oa]|ola|bom dia|boa tarde)"
)
_COURTESIES = re.compile(rf"^(?:{_COURTESY}(?: |$))+|(?:(?:^| ){_COURTESY})+$")


def core_of(line: str) -> str:
    """The words of a text without the courtesies at both ends; a word that is repeated stands once."""
    core = _COURTESIES.sub("", line)
    words = core.split()
    return words[0] if len(set(words)) == 1 else core


_TEXTS = r"(?:texts?|txts?|messages?|msgs?|sms|text messages?)"
_WHOSE = r"(?:the|these|this|those|your|any|all|more|of)"
# Of these one asks for none: "I do not want all the texts" may ask for some, and "do not send the text" for one.
_MANY_TEXTS = r"(?: (?:these|those|your|any|more|such))* (?:texts|txts|messages|msgs|sms|text messages)"
_AGAIN = r"(?: (?:again|anymore|any more|ever|ever again))?"
_ME = r"(?:me|us|this number|my (?:phone|number|cell))"
_LIST = (
    r"(?:(?: (?:your|the|this|that|any|all|these))*(?: (?:mailing|text|contact|marketing|call))?"
    r"(?: (?:lists?|database|system|texts|messages))?)?"
)
_MENSAJES = r"(?: (?:mensajes|textos|sms))"
_MENSAGENS = r"(?: (?:mensagens|mensagem|sms))"
_MESSAGES = r"(?: (?:messages|textos|sms))"
_CLEAR_STOPS = (
    # English
    r"(?:no )?sto+p+",  # "No. Stop."
    r"stop (?:it|this|that|all|everything|these|them)",
    r"(?:stop|quit|cease) (?:texting|txting|messaging|contacting|bothering|spamming|writing)"
    rf"(?: {_ME})?(?: ever again)?",
    rf"(?:stop|quit|cease)(?: (?:sending|with)(?: {_ME})?)?(?: {_WHOSE})*(?: {_TEXTS})(?: to {_ME})?",
    rf"(?:i said|i want you to|you need to) stop(?: (?:texting|messaging|contacting) {_ME})?",
    rf"no more {_TEXTS}(?: (?:ever|from you))?",
    rf"(?:dont|do not|never)(?: ever)? (?:text|txt|message|msg|contact)(?: {_ME})?{_AGAIN}",
    rf"(?:dont|do not|never)(?: ever)? send(?: {_ME})?{_MANY_TEXTS}{_AGAIN}",
    rf"i (?:dont|do not|no longer) (?:want|wish)(?: to (?:receive|get))?{_MANY_TEXTS}(?: from you)?{_AGAIN}",
    rf"unsubscribe(?: {_ME})?(?: from{_LIST})?",
    r"i (?:want|would like|wish|need) to (?:unsubscribe|opt out|be removed)|id like to (?:unsubscribe|opt out)",
    rf"(?:i )?opt(?:ing)?(?: {_ME})? out(?: (?:of|from){_LIST})?",
    r"i (?:revoke|withdraw)(?: my)? consent|consent revoked",
    rf"(?:remove|delete) (?:{_ME}|my (?:phone number|name))(?: (?:from|off)(?: of)?{_LIST})?",
    r"remove from (?:(?:your|the|this) )?list",
    rf"take (?:{_ME}|my (?:phone number|name)) (?:from|off)(?: of)?{_LIST}",
    r"lose (?:my|this) number|leave (?:me|us) alone",
    # Spanish
    r"no me (?:escribas|(?:escriba|mande|envie|contacte)[ns]?|(?:texte|moleste)e?n?)(?: mas)?"
    rf"{_MENSAJES}?(?: mas)?",
    r"(?:dej|par)(?:a|en?|ad) de (?:mandar|enviar|escribir|molestar|contactar|textear)(?:me|nos)?(?: mas)?"
    rf"{_MENSAJES}?",
    rf"(?:ya )?no (?:quiero|deseo)(?: recibir)?(?: (?:mas|sus|tus|estos|esos))*{_MENSAJES}(?: mas)?",
    rf"no mas{_MENSAJES}",
    r"(?:quiero |deseo )?(?:darme|dar|denme|deme|dame) de baja|quiero que me (?:den|de) de baja",
    # French
    rf"(?:arrete|cesse)[zr]? de m(?:envoyer|ecrire|contacter|texter)(?: (?:des|vos|de))?{_MESSAGES}?",
    rf"(?:arrete|cesse)z?(?: (?:les|vos|ces|tous))+{_MESSAGES}",
    rf"ne m(?:e )?(?:ecri(?:s|vez)|envo(?:ie|yez)|contacte[sz]?|texte[sz]?) plus(?: (?:de|rien))?{_MESSAGES}?",
    rf"je ne (?:veux|souhaite|desire) (?:plus|pas)(?: recevoir)?(?: (?:de|vos|ces))*{_MESSAGES}",
    rf"plus de{_MESSAGES}|desabonnez moi|je (?:veux|souhaite|voudrais) me desabonner",
    # Portuguese
    rf"(?:pare|parem|para) de (?:me )?(?:mandar|enviar|escrever)(?: mais)?(?: me)?{_MENSAGENS}?",
    rf"parem? com (?:as|essas|estas|suas){_MENSAGENS}",
    rf"nao (?:me )?(?:mande|mandem|envie|enviem|escreva|escrevam)(?: mais)?{_MENSAGENS}?(?: mais)?",
    rf"(?:eu )?nao (?:quero|desejo)(?: mais)?(?: receber)?(?: (?:mais|suas|essas|estas))?{_MENSAGENS}(?: mais)?",
)
CLEAR_STOP = re.compile("|".join(f"(?:{phrase})" for phrase in _CLEAR_STOPS))

CLEAR_WRONG_PERSON = re.compile(
    r"(?:i (?:think|believe) )?(?:(?:you|u|youve|you ve) (?:have |got |have got )?)?(?:this is )?(?:the |a )?"
    r"wrong (?:number|person|num)"
    r"|(?:se equivoco de|tiene el|este es un|es un)? ?numero equivocado|se equivoco de numero"
    r"|(?:vous avez le |cest le )?mauvais numero|(?:voce tem o )?numero errado"
)

# Texts that a phone or a carrier writes by itself. A person may add a wish to them.
PHONE_ANSWERS = re.compile(
    r"driving with (?:focus|do not disturb)|i(?:m| am) not receiving notifications|sent from my roadtrip"
    r"|message blocking is active|person you are texting is not accepting|^(?:im|i am) driving right now"
    r"|^(?:sorry )?(?:i )?cant talk right now|^(?:sorry )?im busy right now|^im in a meeting can i call you later"
    r"|^estoy (?:conduciendo|manejando)(?: te llamo (?:luego|mas tarde))?"
    r"|^estoy en una reunion te llamo (?:luego|mas tarde)"
    r"|^je conduis en ce moment(?: je (?:vous|te) rappelle plus tard)?|^estou dirigindo"
)
# Texts that the owner of a mailbox or of a number wrote for all who write to it.
_AWAY = r"(?:out of (?:the )?office|away from (?:the |my )?(?:office|desk)|on (?:vacation|holiday|(?:\w+ )?leave)|away)"
WRITTEN_ANSWERS = re.compile(
    r"^auto ?(?:mat(?:ic|ed))? ?(?:reply|response)|this is an auto(?:mated|matic) (?:message|response|reply)"
    r"|^respuesta automatica|^reponse automatique|^resposta automatica"
    r"|^(?:out of office|ooo)\b|\b(?:am|im) currently (?:out of|away from) the office"
    rf"|\b(?:am|im) (?:currently |now )?{_AWAY}\b.*\b(?:will|ill) (?:reply|respond|answer|return|get back|be back)"
    r"|^estoy fuera de la oficina|^je suis absente? du bureau|^estou fora do escritorio"
    r"|\b(?:mailbox|number|inbox) is not monitored|\bwe(?: have|ve)? received your (?:message|text)"
    r"|^(?:thank you|thanks) for (?:contacting|messaging|reaching out|your message)"
)
# A wish in such a text; "I have no access to this mailbox" is none.
WISH_IN_WRITTEN_ANSWER = re.compile(
    r"\b(?:stop|quit|unsub|remov|delet|opt(?:ed|ing)? ?out|opt me|wrong|alone|spam|baja|arret|desabon|dejen|no more"
    r"|no me|(?:dont|do not|never|no longer) (?:text|message|contact|write|send|want)|not interested|lose (?:my|this))"
)
# Whole texts that wish nothing; those that are courtesies do not stand here.
ANSWERS = frozenset(
    (
        *(
            "k",
            "kk",
            "sure",
            "sure thing",
            "yep",
            "yeah",
            "yup",
            "great",
            "perfect",
            "cool",
            "nice",
            "awesome",
            "lol",
            "haha",
        ),
        *(
            "sounds good",
            "got it",
            "si",
            "claro",
            "vale",
            "de acuerdo",
            "perfecto",
            "oui",
            "daccord",
            "parfait",
            "sim",
            "de nada",
        ),
        *("beleza", "perfeito"),
    )
)
FRIENDLY_SYMBOLS = frozenset("👍👌🙏❤♥😀😂🤣😊🙂😄😁😍🎉💯👏✅🔥☺😘🥰")
