"""Facts of every kind: a value as data hold it, and how people put it in five languages, truly and falsely."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.corpora.words import CURRENCIES, MINUS, MONTHS, PERCENT, POINTS, SIGNS, SMALL, UNITS, WEEKDAYS

NAMES = ("Ben Sample", "Carol Example", "Priya Sample", "Luis Example", "Mei Lin", "Noor Sample")


@dataclass(frozen=True, slots=True)
class Fact:
    """A value of the data, and how a text may and may not put it."""

    kind: str
    value: Any
    truths: list[str]
    lies: list[str]


def _decimal(whole: int, cents: int, language: str) -> str:
    group, point = {"en": (",", "."), "fr": ("\u202f", ",")}.get(language, (".", ","))
    return f"{whole:,}".replace(",", group) + (f"{point}{cents:02d}" if cents else "")


def _money(whole: int, cents: int, code: str, language: str) -> list[str]:
    """An amount as people write it: with the sign, with the code, with the name."""
    number, sign = _decimal(whole, cents, language), SIGNS[code]
    signed = [f"{sign}{number}", f"{code} {number}"] if language == "en" else [f"{number} {sign}", f"{number} {code}"]
    if language == "en" and not cents:
        signed.append(f"{sign}{number}.00")
    return [*signed, f"{number} {CURRENCIES[code][language]}"]


def _amount(source: random.Random, language: str) -> Fact:
    small = (source.randint(2, 99), source.choice([0, 49, 50, 95]))
    whole, cents = source.choice([small, (source.randint(100, 9_999), 0)])
    code, other = source.sample(sorted(SIGNS), 2)
    value: Any = source.choice([f"{whole}.{cents:02d} {code}", f"{SIGNS[code]}{whole:,}.{cents:02d}", None])
    lies = [
        *_money(whole * 10, cents, code, language),
        *_money(whole + source.choice([1, 2, 7]), cents, code, language),
        *_money(whole, cents, other, language),
    ]
    if cents:
        lies += _money(whole, cents + 4, code, language) + _money(whole, 0, code, language)
    truths = _money(whole, cents, code, language)
    return Fact("amount", value or {"amount": round(whole + cents / 100, 2), "currency": code}, truths, lies)


def _balance(source: random.Random, language: str) -> Fact:
    whole, code = source.randint(20, 4_000), source.choice(sorted(SIGNS))
    plain, other = _money(whole, 0, code, language), _money(whole + 3, 0, code, language)
    value: Any = source.choice([f"-{whole} {code}", {"amount": -whole, "currency": code}])
    truths = [f"-{plain[0]}", f"{MINUS[language]} {plain[-1]}"]
    lies = [*plain, f"+{plain[0]}", f"-{other[0]}", f"{MINUS[language]} {other[-1]}"]
    return Fact("balance", value, truths, lies)


def _count(source: random.Random, language: str) -> Fact:
    number, other = source.sample(range(3, 13), 2)
    words = SMALL[language]
    lies = [str(other), words[other - 3], str(number * 10), str(number + 100)]
    return Fact("count", number, [str(number), words[number - 3]], lies)


def _percent(source: random.Random, language: str) -> Fact:
    number, word = source.randint(3, 90), PERCENT[language]
    wrong = number + source.choice([1, 5, 10])
    value = source.choice([f"{number}%", f"{number} percent"])
    truths = [f"{number}%", f"{number} %", f"{number} {word}"]
    return Fact(
        "percent", value, truths, [f"{wrong}%", f"{wrong} {word}", f"{number}€", f"{number} {POINTS[language]}"]
    )


def _points(source: random.Random, language: str) -> Fact:
    number = source.randint(2, 12)
    lies = [f"{number}%", f"{number} {PERCENT[language]}", f"{number + 1} {POINTS[language]}"]
    return Fact("points", f"{number} points", [f"{number} {POINTS[language]}"], lies)


def _date(source: random.Random, language: str) -> Fact:
    day = date(2026, 1, 1) + timedelta(days=source.randrange(365))

    def put(d: date) -> list[str]:
        month = MONTHS[language][d.month - 1]
        if language == "en":
            return [
                f"{month} {d.day}",
                f"{month} {d.day}, {d.year}",
                f"{d.day} {month}",
                f"{month[:3]} {d.day}",
                str(d),
            ]
        number = "1er" if language == "fr" and d.day == 1 else str(d.day)
        dot, of = "." if language == "de" else "", " de" if language in {"es", "pt"} else ""
        return [f"{number}{dot}{of} {month}", f"{number}{dot}{of} {month}{of} {d.year}"]

    right = WEEKDAYS[language][day.weekday()]
    wrong = WEEKDAYS[language][(day.weekday() + source.randint(1, 6)) % 7]
    other = day + timedelta(days=source.choice([1, 2, 7, 31, 60]))
    truths = [*put(day), f"{right}, {put(day)[0]}"]
    return Fact("date", day.isoformat(), truths, [*put(other), f"{wrong}, {put(day)[0]}"])


def _time(source: random.Random, language: str) -> Fact:
    hour, minute = source.choice([h for h in range(1, 23) if h != 12]), source.choice([0, 15, 30, 45])

    def put(h: int, m: int) -> list[str]:
        if language == "en":
            half, short = "AM" if h < 12 else "PM", str((h - 1) % 12 + 1)
            exact = f"{short}:{m:02d}" if m else short
            return [
                f"{short}:{m:02d} {half}",
                f"{exact}{half.lower()}",
                f"{h}:{m:02d}" if h > 12 else f"{exact} {half}",
            ]
        clock = f"{h}:{m:02d}"
        by_language = {"es": [clock], "de": [f"{clock} Uhr", f"{h}.{m:02d} Uhr"]}
        return by_language.get(language, [f"{h}h{m:02d}", clock])

    lies = put((hour + source.choice([1, 2, 5])) % 24 or 1, minute) + put(hour, (minute + 10) % 60)
    if language == "en":
        lies += put((hour + 12) % 24, minute)[:2]
    value = source.choice([f"{hour:02d}:{minute:02d}", f"{hour:02d}:{minute:02d}:00"])
    return Fact("time", value, put(hour, minute), lies)


def _weekday(source: random.Random, language: str) -> Fact:
    place, names = source.randrange(7), WEEKDAYS[language]
    return Fact("weekday", WEEKDAYS["en"][place], [names[place]], [name for name in names if name != names[place]])


def _duration(source: random.Random, language: str) -> Fact:
    number, (unit, other) = source.randint(3, 12), source.sample(sorted(UNITS), 2)
    word, name, wrong_name = SMALL[language][number - 3], UNITS[unit][language], UNITS[other][language]
    value = source.choice([f"{number} {unit}", {"value": number, "unit": unit}])
    lies = [f"{number + 1} {name}", f"{number} {wrong_name}", f"{word} {wrong_name}", f"{number * 10} {name}"]
    return Fact("duration", value, [f"{number} {name}", f"{word} {name}"], lies)


def _person(source: random.Random, _: str) -> Fact:
    name, *others = source.sample(NAMES, 3)
    return Fact("person", name, [name, name.split()[0]], [*others, others[0].split()[0], f"Dr. {others[1]}"])


def _word(source: random.Random, length: int) -> str:
    return "".join(source.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(length))


def _link(source: random.Random, _: str) -> Fact:
    host, path, number = _word(source, 6), _word(source, 5), source.randint(10, 999)
    link = f"https://{host}.example/{path}_{number}?ref={_word(source, 4)}"
    lies = [
        link.replace(path, path.upper()),
        link.replace(f"_{number}?", f"_{number + 1}?"),
        link.replace(".example/", ".example.net/"),
        link.replace(f"{host}.", f"{host[:-1]}."),
        link.partition("?")[0],
        f"https://{host}.example@evil.example/{path}_{number}",
        f"{host}。example/{path}",
    ]
    return Fact("link", link, [link], lies)


def _email(source: random.Random, _: str) -> Fact:
    name, host = f"{_word(source, 4)}_{_word(source, 3)}", _word(source, 5)
    address = f"{name}@{host}.example"
    lies = [address.replace("_", ""), address.replace("_", "."), f"{name}@{host}.example.net", f"x{address}"]
    return Fact("email", address, [address], lies)


def _phone(source: random.Random, _: str) -> Fact:
    area, line = source.choice([212, 303, 415, 512]), source.randint(100, 199)

    def put(a: int, last: int) -> list[str]:
        return [f"+1{a}5550{last}", f"({a}) 555-0{last}", f"{a}-555-0{last}", f"+1 {a} 555 0{last}"]

    return Fact(
        "phone", f"+1{area}5550{line}", put(area, line), put(area, 100 + (line - 99) % 100) + put(area + 1, line)
    )


def _code(source: random.Random, _: str) -> Fact:
    letters, digits = _word(source, 2).upper(), str(source.randint(10_000, 99_999))
    code = source.choice([f"{letters}-{digits}", f"{digits}7", f"{letters}{digits}"])
    place = code.index(digits) + 1
    changed = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :]
    return Fact("code", code, [code], [changed, code[:-2], code + "0"])


def _handle(source: random.Random, _: str) -> Fact:
    handle = f"@{_word(source, 4)}_{_word(source, 3)}"
    return Fact("handle", handle, [handle], [handle.replace("_", ""), f"@{_word(source, 8)}", handle + "x"])


FACTS: dict[str, Callable[[random.Random, str], Fact]] = {
    "amount": _amount,
    "balance": _balance,
    "count": _count,
    "percent": _percent,
    "points": _points,
    "date": _date,
    "time": _time,
    "weekday": _weekday,
    "duration": _duration,
    "person": _person,
    "link": _link,
    "email": _email,
    "phone": _phone,
    "code": _code,
    "handle": _handle,
}
