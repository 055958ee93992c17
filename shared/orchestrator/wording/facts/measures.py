"""Numbers with a physical unit: 212 kWh, 5 km."""

import re
from collections.abc import Iterator
from functools import cache

from orchestrator.wording.facts.kinds import Found, Measure
from orchestrator.wording.facts.language import Language, any_of
from orchestrator.wording.facts.numerals import number_pattern, values_in

UNITS = {
    "km": "km kilometers kilometres kilometer kilometre kilómetros quilômetros kilomètres Kilometer",
    "mi": "mi miles mile millas milhas",
    "m": "meters metres metros mètres Meter",
    "cm": "cm",
    "mm": "mm",
    "ft": "ft feet foot",
    "in": "inches inch in",
    "kg": "kg kilos kilograms kilogram",
    "g": "g grams gram gramos gramas",
    "lb": "lb lbs pounds pound",
    "mg": "mg",
    "ml": "ml",
    "oz": "oz ounces",
    "l": "liters litres litros Liter",
    "kWh": "kWh",
    "MWh": "MWh",
    "kW": "kW",
    "W": "W watts",
    "GB": "GB gigabytes",
    "MB": "MB megabytes",
    "TB": "TB terabytes",
    "°C": "°C Celsius degrees~C degrees~Celsius",
    "°F": "°F Fahrenheit degrees~F degrees~Fahrenheit",
    "km/h": "km/h kmh kph",
    "mph": "mph miles~per~hour",
    "Mbps": "Mbps",
    "sqft": "sqft sq~ft square~feet square~foot",
    "m2": "m² m2 sqm sq~m square~meters square~metres",
}
_BY_WORD = {word.replace("~", " "): unit for unit, words in UNITS.items() for word in words.split()}
# Units in keys, where letter case has no meaning: energy_kwh, temp_f.
_BY_KEY = {word.casefold(): unit for word, unit in _BY_WORD.items() if len(word) > 1 and word != "in"} | {
    "f": "°F",
    "c": "°C",
}


def unit_of(word: str) -> str | None:
    """Return the unit that a word or a key of data names."""
    return _BY_WORD.get(word) or _BY_KEY.get(word.casefold())


def find_measures(text: str, language: Language) -> Iterator[Found]:
    """Yield the measures of a text."""
    for match in _pattern(language).finditer(text):
        unit = _BY_WORD[match["unit"]]
        yield Found(match.start(), match.end(), tuple(Measure(v, unit) for v in values_in(match["number"], language)))


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"{number_pattern(language)}\s?(?P<unit>{any_of(_BY_WORD)})(?![\w/])(?<! in(?=\s\w))")
