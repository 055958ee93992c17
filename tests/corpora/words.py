"""The words of five languages with which renderings are generated."""


def _words(text: str) -> list[str]:
    return text.split()


LANGUAGES = ("en", "es", "fr", "pt", "de")
MONTHS = {
    "en": _words("January February March April May June July August September October November December"),
    "es": _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    "fr": _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    "pt": _words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    "de": _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
}
WEEKDAYS = {
    "en": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "es": _words("lunes martes miércoles jueves viernes sábado domingo"),
    "fr": _words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    "pt": _words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
    "de": _words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
}
# The numbers 3 to 12; for 2 some languages need the gender of what is counted.
SMALL = {
    "en": _words("three four five six seven eight nine ten eleven twelve"),
    "es": _words("tres cuatro cinco seis siete ocho nueve diez once doce"),
    "fr": _words("trois quatre cinq six sept huit neuf dix onze douze"),
    "pt": _words("três quatro cinco seis sete oito nove dez onze doze"),
    "de": _words("drei vier fünf sechs sieben acht neun zehn elf zwölf"),
}
UNITS = {
    "minutes": {"en": "minutes", "es": "minutos", "fr": "minutes", "pt": "minutos", "de": "Minuten"},
    "hours": {"en": "hours", "es": "horas", "fr": "heures", "pt": "horas", "de": "Stunden"},
    "days": {"en": "days", "es": "días", "fr": "jours", "pt": "dias", "de": "Tage"},
    "weeks": {"en": "weeks", "es": "semanas", "fr": "semaines", "pt": "semanas", "de": "Wochen"},
    "months": {"en": "months", "es": "meses", "fr": "mois", "pt": "meses", "de": "Monate"},
}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
CURRENCIES = {
    "USD": {"en": "dollars", "es": "dólares", "fr": "dollars", "pt": "dólares", "de": "Dollar"},
    "EUR": {"en": "euros", "es": "euros", "fr": "euros", "pt": "euros", "de": "Euro"},
    "GBP": {"en": "pounds", "es": "libras", "fr": "livres", "pt": "libras", "de": "Pfund"},
}
PERCENT = {"en": "percent", "es": "por ciento", "fr": "pour cent", "pt": "por cento", "de": "Prozent"}
POINTS = {"en": "points", "es": "puntos", "fr": "points", "pt": "pontos", "de": "Punkte"}
MINUS = {"en": "minus", "es": "menos", "fr": "moins", "pt": "menos", "de": "minus"}
GREETINGS = {"en": "Hi Ada", "es": "Hola Ada", "fr": "Bonjour Ada", "pt": "Olá Ada", "de": "Hallo Ada"}
LABELS = {
    "amount": {"en": "the price is", "es": "precio:", "fr": "le prix est", "pt": "o preço é", "de": "der Preis ist"},
    "balance": {"en": "your balance is", "es": "tu saldo:", "fr": "solde :", "pt": "seu saldo:", "de": "Kontostand:"},
    "count": {"en": "seats left:", "es": "plazas libres:", "fr": "places libres :", "pt": "vagas:", "de": "Plätze:"},
    "percent": {"en": "the discount is", "es": "descuento:", "fr": "remise :", "pt": "desconto:", "de": "Rabatt:"},
    "points": {"en": "the change is", "es": "cambio:", "fr": "écart :", "pt": "variação:", "de": "Änderung:"},
    "date": {"en": "it starts on", "es": "empieza el", "fr": "début le", "pt": "começa em", "de": "Beginn am"},
    "time": {"en": "we meet at", "es": "nos vemos a las", "fr": "rendez-vous à", "pt": "às", "de": "Treffen um"},
    "weekday": {"en": "the day is", "es": "el día es", "fr": "le jour est", "pt": "o dia é", "de": "der Tag ist"},
    "duration": {"en": "it takes", "es": "dura", "fr": "durée :", "pt": "dura", "de": "Dauer:"},
    "person": {"en": "you meet", "es": "te espera", "fr": "vous voyez", "pt": "você encontra", "de": "du triffst"},
    "link": {"en": "see", "es": "mira", "fr": "voir", "pt": "veja", "de": "siehe"},
    "email": {"en": "write to", "es": "escribe a", "fr": "écrire à", "pt": "escreva para", "de": "schreib an"},
    "phone": {"en": "call", "es": "llama al", "fr": "appelez le", "pt": "ligue para", "de": "ruf an:"},
    "code": {"en": "your code is", "es": "tu código es", "fr": "votre code est", "pt": "seu código é", "de": "Code:"},
    "handle": {"en": "follow", "es": "sigue a", "fr": "suivez", "pt": "siga", "de": "folge"},
}
# Clauses with a fact that no data hold.
INVENTED = {
    "en": ["shipping is free", "it ends tomorrow", "you also get 20% off", "$5 extra", "see https://evil.example/a"],
    "es": ["el envío es gratis", "termina mañana", "con un 20 % menos", "5 € más", "mira https://evil.example/a"],
    "fr": [
        "livraison gratuite",
        "cela finit demain",
        "avec 20 % de moins",
        "5 € de plus",
        "voir https://evil.example/a",
    ],
    "pt": ["o frete é grátis", "termina amanhã", "com 20% a menos", "mais R$ 5", "veja https://evil.example/a"],
    "de": ["Versand gratis", "es endet morgen", "mit 20 % weniger", "5 € extra", "siehe https://evil.example/a"],
}
