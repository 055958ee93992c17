"""What a wish to stop may be made of: without a reader, a text with any of it holds until an operator reads it (R11).

The lists cover English, Spanish, French, Portuguese and German, and the commonest of Italian and Dutch. Each entry is
compared with words after `inbound_text.words_of`: casefolded, without accents and apostrophes. Too many entries cost an
operator's look; a missing one brings texts to a person who asked for none.
"""

import re

# Beginnings of words: to end, to leave, to take from a list, in any form of the verb; complaints, the law and anger; to
# want nothing, or to be another person.
_BEGINNINGS = (
    "stop|stpo|sotp|quit|ceas|desist|revok|withdr|optin|optout|cancel|unsub|remov|delet|erase|terminat|discontin|"
    "deactiv|suspend|nonstop|pausa|block|bloq|disabl|deten|detien|dej|elimin|borra|borre|saqu|suprim|supprim|anul|"
    "annul|desactiv|desuscri|desinscri|desabon|descadastr|arret|enlev|effac|resili|laiss|deix|apag|exclui|exclua|"
    "encerr|aufhor|abmeld|abbestell|austrag|losch|entfern|kundig|smett|rimuov|toglie|lasci|uitschrij|afmeld|"
    "verwijder|harass|report|spam|scam|fraud|phish|annoy|bother|irritat|unwanted|unsolicit|nuisance|creep|gross|"
    "ridicul|fastidi|penib|lachez|stalk|privacy|illegal|lawyer|lawsuit|attorney|complain|consent|molest|cansad|"
    "demasiad|estaf|acos|denunci|abogad|ilegal|harcel|arnaqu|escroqu|plainte|advogad|assedi|incomod|perturb|cansei|"
    "belastig|anwalt|fuck|damn|shit|bullshit|crap|bitch|asshole|bastard|moron|idiot|stupid|screw|piss|mierd|pendej|"
    "cabron|chinga|jod|imbecil|merd|connard|putain|gueul|fout|fiche|saoul|degag|caralh|foda|scheis|interes|refus|"
    "declin|jamais|nunca|kein|suffi|tranquil|equivoc|errad|engan|sbagliat|forget|olvid|oubli|esquec|vergess|vergiss|"
    "unsus|unscri|unscub|unsbs|usubs|desubs|unwelcome|unfollow|purg|scram|deceas|fallec|falec|deced|verstorb|"
    "refrain|reassign|relentless|oppos|scrub|"
    "unenrol|unregist|disenrol|deregist|disconnect|detach|parenle|suelt"
)
_WORDS = (
    "end|ended|ending|exit|opt|leave|lose|lost|enough|sue|f|fk|wtf|stfu|gtfo|junk|wrong|mistake|never|alone|peace|"
    "shut|hush|halt|mute|pause|kill|no|nope|nah|naw|nay|none|non|not|nor|negative|dont|didnt|doesnt|wont|wouldnt|"
    "cant|couldnt|isnt|arent|aint|wasnt|havent|hasnt|shouldnt|nobody|keep|kept|off|bye|goodbye|hate|tcpa|fcc|ftc|"
    "police|died|dead|alto|baja|basta|parar|pare|paren|parad|parem|cesen|cese|callate|callense|vayanse|larguense|"
    "vete|harto|harta|hartos|hartas|pesado|pesados|puta|puto|mas|ningun|ninguno|retiren|retirenme|retirame|murio|"
    "nada|basura|ne|pas|plus|assez|cesse|cessez|cesser|retire|retirez|retirer|fin|marre|paix|trop|rien|aucun|mort|"
    "mauvais|erreur|sair|nao|chega|tira|tire|tirem|tirar|larga|saco|porra|golpe|morreu|sossego|nicht|nein|nie|"
    "niemals|nervt|ruhe|lass|lasst|falsch|niente|mai|niet|geen|nooit|rust|object|fuera|ailleurs|schluss|reicht|wipe|"
    "lache|virez|radiez|parou"
)
_PHRASES = (
    "take me|take us|take my|get me|get us|get my|let me be|let me go|let us be|go away|over this|over it|"
    "we are done|im done|count me out|count us out|want out|im not|get out|out of this|turn these|turn this|tired of|"
    "sick of|fed up|too many|too much|so many|moved on|passed away|someone else|somebody else|thats it|last text|"
    "last message|last time|last one|cut it|knock it|zip it|beat it|who cares|get a life|give up|me a break|ni me|"
    "who is this|who is that|who is it|whos this|whos that|who dis|who this|who are you|who r u|who r you|who the|"
    "who gave|gave you|have my|found my|find my|where did you get|how did you get|why am i|why are you|why do i|"
    "why do you|why did you|why you|why u|quien es|quien eres|quienes son|de donde sacaron|de donde sacaste|"
    "de donde tienen|por que me|porque me|en paz|qui etes|qui est|qui es|cest qui|pourquoi vous|pourquoi tu|"
    "pourquoi je|ou avez vous|ras le bol|quem e|quem es|quem fala|por que voce|porque voce|em paz|in pace|chi sei|"
    "wer ist|wer bist|wer sind|hort auf|hor auf|wie is|drop me|drop my|strike me|strike my|hard pass|para com|ja deu|"
    "get rid|clear me|drop it|give it a rest|move along|email only"
)
# Who writes about our texts, or about the number itself, may want neither.
_OUR_TEXTS = (
    "(?:these|those|your|all the) (?:texts|txts|messages|msgs|sms)|sending these"
    "|(?:this|my|his|her|their) (?:number|phone)"
    "|(?:estos|esos|sus|tus) (?:mensajes|textos|sms)|(?:mi|este|su) (?:numero|telefono)|numero cambiado"
    "|(?:ces|vos|tes) (?:messages|textos|sms)|(?:mon|ce) (?:numero|telephone)"
    "|(?:essas|estas|suas) (?:mensagens|sms)|(?:meu|este|esse) (?:numero|telefone)|(?:diese|eure) (?:nachrichten|sms)"
    "|(?:meine|diese) nummer"
)
# French joins "l'", "d'", "m'", "n'", "s'", "j'", "c'", "t'" and "qu'" to the word that follows.
_ELISION = r"(?:(?:qu|[cdjlmnst])(?=[aeiouh]))?"
_PART_OF_A_WISH = re.compile(rf"\b(?:{_ELISION}(?:{_BEGINNINGS})|(?:{_WORDS}|{_PHRASES}|{_OUR_TEXTS})\b)")


def may_be_a_wish(line: str) -> bool:
    """Whether words have any among them that a wish to stop may be made of."""
    return _PART_OF_A_WISH.search(line) is not None
