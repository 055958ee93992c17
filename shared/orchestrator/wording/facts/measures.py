"""Numbers with a physical unit: 212 kWh, 5 km, 14 cubic metres."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.durations import join_parts
from orchestrator.wording.facts.kinds import Found, Measure
from orchestrator.wording.facts.language import Language, any_of, codes, language
from orchestrator.wording.facts.normal import normal
from orchestrator.wording.facts.numerals import number_pattern, values_in

# Units by their names in CLDR, from which their words come in each language, with other ways to write them in any.
UNITS = {
    "length-kilometer": "km kms kilometros",
    "length-mile": "mi",
    "length-meter": "m metres metre",
    "length-centimeter": "cm centimetres centimetre",
    "length-millimeter": "mm millimetres millimetre",
    "length-foot": "ft",
    "length-inch": "in",
    "length-yard": "yd yds",
    "mass-kilogram": "kg kgs kilos kilo",
    "mass-gram": "g grammes gramme",
    "mass-pound": "lb lbs",
    "mass-milligram": "mg",
    "mass-microgram": "mcg ug",
    "mass-ounce": "oz",
    "mass-tonne": "t",
    "mass-ton": "",
    "mass-carat": "",
    "volume-milliliter": "ml mL millilitres millilitre",
    "volume-centiliter": "cl centilitres centilitre",
    "volume-liter": "l L litres litre",
    "volume-hectoliter": "hl",
    "volume-gallon": "gal gals",
    "volume-pint": "",
    "volume-fluid-ounce": "fl~oz",
    "volume-tablespoon": "tbsp",
    "volume-teaspoon": "tsp",
    "volume-bushel": "bu",
    "volume-barrel": "bbl",
    "volume-cubic-meter": "m3 cbm cubic~metres cubic~metre",
    "volume-cubic-foot": "ft3 cu~ft cubic~ft",
    "volume-cubic-yard": "yd3 cu~yd",
    "volume-cubic-centimeter": "cm3 cc",
    "energy-foodcalorie": "kcal kilocalorie kilocalories",
    "energy-kilojoule": "kJ",
    "energy-kilowatt-hour": "kWh kWhs",
    "energy-therm-us": "therms therm",
    "power-watt": "W",
    "power-kilowatt": "kW",
    "power-megawatt": "MW",
    "power-horsepower": "hp",
    "electric-volt": "V",
    "electric-ampere": "amps amp",
    "digital-kilobyte": "KB kB",
    "digital-megabyte": "MB",
    "digital-gigabyte": "GB",
    "digital-terabyte": "TB",
    "frequency-hertz": "Hz",
    "frequency-megahertz": "MHz",
    "frequency-gigahertz": "GHz",
    "temperature-celsius": "°C Celsius degrees~C",
    "temperature-fahrenheit": "°F Fahrenheit degrees~F",
    "speed-kilometer-per-hour": "km/h kmh kph",
    "speed-meter-per-second": "m/s",
    "speed-mile-per-hour": "mph",
    "pressure-millimeter-ofhg": "mmHg",
    "pressure-pound-force-per-square-inch": "psi PSI",
    "pressure-hectopascal": "hPa",
    "area-acre": "ac",
    "area-hectare": "ha",
    "area-square-foot": "sqft sq~ft ft2",
    "area-square-meter": "m2 sqm sq~m square~metres",
    "area-square-kilometer": "km2",
    "area-square-mile": "sq~mi",
    "area-square-yard": "sq~yd",
    # Without a name in CLDR.
    "knot": "knots knot kn",
    "MWh": "MWh megawatt-hours",
    "Mbps": "Mbps Mbit/s megabits~per~second",
    "Gbps": "Gbps Gbit/s gigabits~per~second",
}
# Units that are so many of another one.
_IN_OTHERS = {
    "mass-gram": ("mass-kilogram", "0.001"), "mass-milligram": ("mass-kilogram", "0.000001"),
    "mass-microgram": ("mass-kilogram", "0.000000001"), "mass-tonne": ("mass-kilogram", "1000"),
    "mass-ounce": ("mass-pound", "0.0625"), "mass-ton": ("mass-pound", "2000"),
    "length-kilometer": ("length-meter", "1000"), "length-centimeter": ("length-meter", "0.01"),
    "length-millimeter": ("length-meter", "0.001"), "length-foot": ("length-inch", "12"),
    "length-yard": ("length-inch", "36"), "length-mile": ("length-inch", "63360"),
    "volume-milliliter": ("volume-liter", "0.001"), "volume-centiliter": ("volume-liter", "0.01"),
    "volume-hectoliter": ("volume-liter", "100"), "power-kilowatt": ("power-watt", "1000"),
    "power-megawatt": ("power-watt", "1000000"), "MWh": ("energy-kilowatt-hour", "1000"),
    "digital-kilobyte": ("digital-byte", "1000"), "digital-megabyte": ("digital-byte", "1000000"),
    "digital-gigabyte": ("digital-byte", "1000000000"), "digital-terabyte": ("digital-byte", "1000000000000"),
    "Gbps": ("Mbps", "1000"),
}  # fmt: skip
# Words of keys that imply a unit.
_IMPLIED = {
    "mileage": "mi km", "odometer": "mi km", "wattage": "W kW", "voltage": "V", "acreage": "ac", "footage": "ft sqft",
    "yardage": "yd", "poundage": "lb", "tonnage": "t", "kilometraje": "km", "kilométrage": "km", "kilometrage": "km",
    "quilometragem": "km", "kilometerstand": "km", "calories": "kcal", "kcals": "kcal",
}  # fmt: skip


def unit_of(word: str) -> str | None:
    """Return the unit that a word of a key, or two of them, name; None for any other word."""
    folded = word.lower()
    names = (_names(language(code)).get(folded) for code in codes())
    return _symbols().get(word) or next((unit for unit in names if unit), None) or _by_key().get(folded)


def units_of(word: str) -> Iterator[str]:
    """Yield the units that a word of a key, or two of them, name or imply."""
    if unit := unit_of(word):
        yield unit
    yield from (_symbols()[implied] for implied in _IMPLIED.get(word.casefold(), "").split())


def measure_of(value: Decimal, unit: str) -> Measure:
    """Return a measure in the unit that others of its kind are compared in: 500 g as 0.5 kg."""
    other, factor = _IN_OTHERS.get(unit, (unit, "1"))
    return Measure((value * Decimal(factor)).normalize(), other)


def find_measures(text: str, spoken: Language) -> Iterator[Found]:
    """Yield the measures of a text; 8 lb 3 oz are one."""
    for match in _compound(spoken).finditer(text):
        unit = match["unit"].lower()
        if not any(unit == symbol.lower() for symbol in _symbols()):
            yield Found(match.start(), match.end(), tuple(Measure(v, unit) for v in values_in(match["number"], spoken)))
    yield from join_parts(text, [_measure(match, spoken) for match in _pattern(spoken).finditer(text)])


def _measure(match: re.Match[str], spoken: Language) -> Found:
    unit = _symbols().get(match["unit"]) or _names(spoken)[match["unit"].lower()]
    return Found(match.start(), match.end(), tuple(measure_of(v, unit) for v in values_in(match["number"], spoken)))


@cache
def _pattern(spoken: Language) -> re.Pattern[str]:
    symbols, names = any_of(_symbols()), any_of(_names(spoken))
    # "4,870 in September" is no length.
    return re.compile(rf"{number_pattern(spoken)}[\s-]?(?P<unit>(?i:{names})|{symbols})(?![\w/])(?<! in(?=\s[\w\0]))")


@cache
def _compound(spoken: Language) -> re.Pattern[str]:
    """A unit that is not in the table: 22 ng/mL."""
    return re.compile(rf"{number_pattern(spoken)}\s?(?P<unit>[A-Za-z%\u03bc]{{1,5}}/[A-Za-z]{{1,4}}\d?)(?![\w/])")


@cache
def _names(spoken: Language) -> dict[str, str]:
    """The units by their names in a language, in small letters."""
    from babel.units import format_unit

    return {
        normal(format_unit(count, unit, locale=spoken.code)).removeprefix(f"{count}").strip().lower(): unit
        for unit in UNITS
        if "-" in unit
        for count in (1, 2)
    }


@cache
def _symbols() -> dict[str, str]:
    """The units by how they are written in any language."""
    return {word.replace("~", " "): unit for unit, words in UNITS.items() for word in words.split()}


@cache
def _by_key() -> dict[str, str]:
    """Units in keys, where letter case has no meaning: energy_kwh, temp_f."""
    by_word = {word.lower(): unit for word, unit in _symbols().items() if word not in ("in", "t")}
    return by_word | {"f": "temperature-fahrenheit", "c": "temperature-celsius"}
