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
    "in": "inches inch",
    "kg": "kg kilos kilograms kilogram",
    "g": "g grams gram gramos gramas",
    "lb": "lb lbs",
    "oz": "oz ounces",
    "l": "liters litres litros Liter",
    "kWh": "kWh",
    "MWh": "MWh",
    "kW": "kW",
    "W": "W watts",
    "GB": "GB gigabytes",
    "MB": "MB megabytes",
    "TB": "TB terabytes",
    "°C": "°C Celsius",
    "°F": "°F Fahrenheit",
    "km/h": "km/h",
    "mph": "mph",
    "Mbps": "Mbps",
    "sqft": "sqft",
    "m2": "m² m2 sqm",
}
_BY_WORD = {word: unit for unit, words in UNITS.items() for word in words.split()}


def unit_of(word: str) -> str | None:
    """Return the unit that a word or a key of data names."""
    return _BY_WORD.get(word)


def find_measures(text: str, language: Language) -> Iterator[Found]:
    """Yield the measures of a text."""
    for match in _pattern(language).finditer(text):
        unit = _BY_WORD[match["unit"]]
        yield Found(match.start(), match.end(), tuple(Measure(v, unit) for v in values_in(match["number"], language)))


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"{number_pattern(language)}\s?(?P<unit>{any_of(_BY_WORD)})(?![\w/])")
