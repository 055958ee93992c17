"""Numbers with a physical unit: 212 kWh, 5 km."""

import re
from collections.abc import Iterator
from functools import cache

from orchestrator.wording.facts.kinds import Found, Measure
from orchestrator.wording.facts.language import Language, any_of, codes
from orchestrator.wording.facts.numerals import number_pattern, values_in

# The unit, its name in CLDR, from which its words come in every language, and other ways to write it.
UNITS = {
    "km": ("length-kilometer", "km kilometros"),
    "mi": ("length-mile", "mi"),
    "m": ("length-meter", "m metres metre"),
    "cm": ("length-centimeter", "cm centimetres centimetre"),
    "mm": ("length-millimeter", "mm millimetres millimetre"),
    "ft": ("length-foot", "ft"),
    "in": ("length-inch", "in"),
    "yd": ("length-yard", "yd yds"),
    "kg": ("mass-kilogram", "kg kgs kilos kilo"),
    "g": ("mass-gram", "g grammes gramme"),
    "lb": ("mass-pound", "lb lbs"),
    "mg": ("mass-milligram", "mg"),
    "oz": ("mass-ounce", "oz"),
    "ml": ("volume-milliliter", "ml mL millilitres"),
    "l": ("volume-liter", "l L litres litre"),
    "gal": ("volume-gallon", "gal"),
    "kcal": ("energy-foodcalorie", "kcal"),
    "kWh": ("energy-kilowatt-hour", "kWh kWhs"),
    "MWh": ("", "MWh"),
    "kW": ("power-kilowatt", "kW"),
    "W": ("power-watt", "W"),
    "V": ("electric-volt", "V"),
    "GB": ("digital-gigabyte", "GB"),
    "MB": ("digital-megabyte", "MB"),
    "TB": ("digital-terabyte", "TB"),
    "°C": ("temperature-celsius", "°C Celsius degrees~C"),
    "°F": ("temperature-fahrenheit", "°F Fahrenheit degrees~F"),
    "km/h": ("speed-kilometer-per-hour", "km/h kmh kph"),
    "mph": ("speed-mile-per-hour", "mph"),
    "Mbps": ("", "Mbps Mbit/s megabits~per~second"),
    "mmHg": ("", "mmHg"),
    "acre": ("area-acre", "ac"),
    "ha": ("area-hectare", "ha"),
    "sqft": ("area-square-foot", "sqft sq~ft"),
    "m2": ("area-square-meter", "m² m2 sqm sq~m square~metres"),
}
# Words of keys that imply a unit.
_IMPLIED = {
    "mileage": ("mi", "km"), "odometer": ("mi", "km"), "wattage": ("W", "kW"), "voltage": ("V",), "acreage": ("acre",),
    "footage": ("ft", "sqft"), "yardage": ("yd",), "poundage": ("lb",), "kilometraje": ("km",), "kilométrage": ("km",),
    "quilometragem": ("km",), "kilometerstand": ("km",), "calories": ("kcal",), "kcals": ("kcal",),
}  # fmt: skip


def unit_of(word: str) -> str | None:
    """Return the unit that a word names; None for any other word."""
    return _by_word().get(word) or _by_key().get(word.casefold())


def units_of(word: str) -> Iterator[str]:
    """Yield the units that a word of a key names or implies."""
    if unit := unit_of(word):
        yield unit
    yield from _IMPLIED.get(word.casefold(), ())


def find_measures(text: str, language: Language) -> Iterator[Found]:
    """Yield the measures of a text."""
    for match in _pattern(language).finditer(text):
        unit = _by_word()[match["unit"]]
        yield Found(match.start(), match.end(), tuple(Measure(v, unit) for v in values_in(match["number"], language)))


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"{number_pattern(language)}[\s-]?(?P<unit>{any_of(_by_word())})(?![\w/])(?<! in(?=\s\w))")


@cache
def _by_word() -> dict[str, str]:
    from babel.units import format_unit

    found: dict[str, str] = {}
    for unit, (name, words) in UNITS.items():
        for code in codes() if name else ():
            for count in (1, 2):
                phrase = format_unit(count, name, locale=code).removeprefix(f"{count}").strip()
                found |= {phrase: unit, phrase.casefold(): unit, phrase.capitalize(): unit}
        found |= {word.replace("~", " "): unit for word in words.split()}
    return found


@cache
def _by_key() -> dict[str, str]:
    """Units in keys, where letter case has no meaning: energy_kwh, temp_f."""
    by_word = {word.casefold(): unit for word, unit in _by_word().items() if len(word) > 1 and word != "in"}
    return by_word | {"f": "°F", "c": "°C"}
