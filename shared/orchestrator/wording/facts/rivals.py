"""Which values of a message's data may be mistaken for each other: those of one kind, with different parts to play."""

import re
from collections.abc import Sequence
from itertools import product

from orchestrator.wording.facts.kinds import (
    Amount,
    Date,
    DayOfMonth,
    Duration,
    Fact,
    Measure,
    Month,
    Number,
    Percent,
    Weekday,
)
from orchestrator.wording.facts.leaves import Leaf

DAYS = (Date, Month, DayOfMonth, Weekday)
QUANTITIES = (Number, Amount, Percent, Measure, Duration)
# Labels that give a value no part to play.
_EMPTY_LABELS = frozenset({"name", "title", "value", "text", "type", "label", "item", "data", "detail", "info"})
# Labels of what cannot be mistaken for a person or a company.
_THINGS = frozenset(
    {
        "city", "place", "location", "address", "room", "plan", "role", "title", "kind", "category", "status",
        "subject", "topic", "clinic", "county", "country", "item", "product", "drug", "service", "event", "shift",
        "course", "class", "month", "day", "show", "task", "position", "job", "department", "language", "color",
        "colour", "reason", "answer", "restaurant", "venue", "street", "state", "region", "medicine", "medication",
        "breed", "series", "vehicle", "car", "model", "commodity", "crop", "book", "film", "device", "project",
        "goal", "meal", "dish", "period", "area", "ship", "boat", "vaccine", "vaccination", "field", "hall",
        "district", "neighborhood", "zone", "level", "park", "treatment", "test", "exam", "lesson", "game",
        "opponent", "style", "flavor", "size", "stelle", "ort", "lugar", "lieu", "ciudad", "ville", "stadt", "puesto",
        "poste", "cargo", "vehiculo", "artikel",
    }
)  # fmt: skip
# Labels of companies and houses, which are not mistaken for a person, an animal or a thing.
_HOUSES = frozenset(
    {
        "bank", "school", "shop", "store", "hospital", "hotel", "salon", "gym", "museum", "church", "chapel",
        "kennel", "garage", "dealer", "utility", "airline", "carrier", "courier", "line", "operator", "company",
        "provider", "vendor", "agency", "insurer", "lender", "employer", "studio", "theater", "theatre", "pharmacy",
        "lab", "library", "league", "brand", "publisher", "university", "college", "court", "office", "charity",
        "organization", "organisation", "shelter", "facility", "farm", "practice", "fund", "startup", "podcast",
        "pool", "club", "platform", "landlord", "supplier", "retailer", "center", "centre", "market", "bakery",
        "cafe", "caterer", "banco", "escuela", "tienda", "clinica", "clínica", "restaurante", "gimnasio", "museo",
        "iglesia", "taller", "empresa", "compania", "compañia", "compañía", "aseguradora", "aerolinea", "aerolínea",
        "loja", "escola", "academia", "banque", "ecole", "école", "magasin", "clinique", "hôpital", "hopital",
        "salle", "musée", "musee", "transporteur", "compagnie", "assureur", "entreprise", "schule", "praxis", "laden",
        "klinik", "verein", "werkstatt", "firma", "versicherung", "dienst", "bibliothek", "laboratorio",
        "laboratoire", "farmacia", "pharmacie", "apotheke", "companhia",
    }
)  # fmt: skip
_PERSONS = frozenset(
    {
        "student", "child", "patient", "pet", "pets", "dog", "cat", "animal", "teacher", "doctor", "dentist",
        "therapist", "technician", "driver", "walker", "guide", "instructor", "coach", "speaker", "pastor", "stylist",
        "barber", "nurse", "vet", "guest", "host", "organizer", "manager", "realtor", "attorney", "tutor", "sitter",
        "couple", "friend", "recipient", "client", "customer", "member", "player", "tenant", "medico", "médico",
        "alumno", "alumna", "profesor", "profesora", "coiffeuse", "coiffeur", "eleve", "élève", "medecin", "médecin",
        "schüler", "kind", "arzt", "ärztin", "aluno", "aluna", "profissional", "paciente", "professor", "professora",
        "enfant", "hijo", "hija", "lehrer", "lehrerin",
    }
)  # fmt: skip
# Endings of labels of persons: coordinator, therapist, entrenadora, coiffeuse; and labels that have one and are none.
_PERSON_ENDINGS = ("er", "or", "ist", "ian", "eur", "euse", "ista", "dora", "erin")
_NO_PERSONS = frozenset(
    {
        "order", "number", "offer", "folder", "letter", "semester", "water", "power", "weather", "paper", "server",
        "router", "locker", "color", "chapter", "quarter", "winter", "summer", "container", "sensor", "motor",
        "floor", "door", "tower", "river", "other", "sender", "seller", "buyer", "winner", "loser", "user", "payer",
        "borrower",
    }
)  # fmt: skip
# Pairs of labels of what was before and what is now.
_CHANGES = (
    ("from", "to"), ("old", "new"), ("before", "after"), ("previous", "current"), ("previous", "new"), ("was", "now"),
    ("current", "new"), ("original", "new"),
)  # fmt: skip
# Pairs of labels whose values stand in their order: "between 8 and 12", "from 17 to 19".
_RANGES = (
    *_CHANGES, ("start", "end"), ("starts", "ends"), ("min", "max"), ("opens", "closes"), ("from", "until"),
    ("low", "high"), ("lowest", "highest"), ("minimum", "maximum"), ("origin", "destination"), ("departs", "arrives"),
    ("departure", "arrival"), ("in", "out"), ("drop", "pick"), ("open", "close"), ("start", "finish"),
    ("doors", "show"), ("desde", "hasta"), ("de", "a"), ("de", "à"), ("von", "bis"), ("von", "nach"), ("von", "zu"),
    ("de", "para"), ("inicio", "fin"), ("debut", "fin"), ("début", "fin"), ("beginn", "ende"), ("inicio", "fim"),
    ("origen", "destino"), ("origem", "destino"),
)  # fmt: skip
# Labels of what was before.
_FORMER = frozenset(
    {
        "last", "previous", "prior", "former", "old", "earlier", "yesterday", "original", "prev", "anterior", "pasado",
        "vorher", "alt", "letzter", "dernier", "ancien", "passado", "baseline",
    }
)  # fmt: skip


def may_stand_for(readings: Sequence[Fact], leaf: Leaf, other: Leaf) -> bool:
    """Return whether a value of the data is of the kind that a text states of another one."""
    # The number of an address, or of a name, is mistaken for none; "128/82" is for "124/79".
    is_part = not (leaf.is_number and other.is_number) and _shape(leaf) != _shape(other)
    # A text may leave out the unit that both have: "130 minutes, against an average of 95".
    has_own_unit = bool(units_of(other)) and units_of(other).isdisjoint(units_of(leaf))
    for reading, fact in product(readings, other.facts.facts):
        if isinstance(reading, DAYS):
            # A date is not mistaken for a weekday alone.
            if isinstance(fact, DAYS) and isinstance(reading, Weekday) | (not isinstance(fact, Weekday)):
                return True
        elif (
            type(fact) is type(reading)
            and getattr(fact, "unit", None) == getattr(reading, "unit", None)
            and not (isinstance(reading, Number) and (has_own_unit or is_part))
        ):
            return True
    return False


def _shape(leaf: Leaf) -> str:
    return re.sub(r"\d+", "0", leaf.value)


def units_of(leaf: Leaf) -> set[tuple[type, object]]:
    """Return the kinds of the quantities that a value may be, each with its unit."""
    kinds = (Duration, Percent, Measure, Amount)
    return {(type(fact), getattr(fact, "unit", None)) for fact in leaf.facts.facts if isinstance(fact, kinds)}


def have_parts(leaf: Leaf, other: Leaf) -> bool:
    """Return whether two names have each a part to play, such as buyer and seller; so do oat milk and soy milk."""
    is_pair = (leaf.is_name and other.is_name) or bool(set(leaf.value.split()) & set(other.value.split()))
    is_other_thing = (leaf.label | other.label) & _THINGS and not leaf.label & other.label
    is_other_kind = {_is_person(leaf), _is_person(other)} == {True, False} and (is_house(leaf) or is_house(other))
    # Who sends is mistaken for who receives alone.
    is_end = any(label & {end for ends in _RANGES for end in ends} for label in (leaf.label, other.label))
    is_other_end = is_end and not (are_ends(leaf, other) or are_ends(other, leaf))
    is_distinct = is_other_thing or is_other_kind or is_other_end
    return other.words and is_pair and not is_distinct and not (leaf.label | other.label) & _EMPTY_LABELS


def _is_person(leaf: Leaf) -> bool:
    """Whether a label is one of persons or animals; a buyer and a seller may be companies."""
    others = _HOUSES | _THINGS | _NO_PERSONS
    by_ending = any(word.endswith(_PERSON_ENDINGS) for word in leaf.label) and leaf.label.isdisjoint(others)
    return by_ending or not leaf.label.isdisjoint(_PERSONS)


def is_house(leaf: Leaf) -> bool:
    """Return whether a value is the name of a company or house, as its label shows."""
    return leaf.is_name and not leaf.label.isdisjoint(_HOUSES)


def was_before(first: Leaf, second: Leaf) -> bool:
    """Return whether one value is what another one was before: last_month_kwh and kwh, old_rate and new_rate."""
    is_former = bool(first.label & _FORMER) and second.label.isdisjoint(_FORMER)
    share_unit = not units_of(first).isdisjoint(units_of(second))
    return (is_former and share_unit) or _are_labels(first, second, _CHANGES)


def are_ends(first: Leaf, second: Leaf) -> bool:
    """Return whether two values stand in this order: "from 390 to 312", where 390 is last_month_kwh and 312 is kwh."""
    return was_before(first, second) or _are_labels(first, second, _RANGES)


def _are_labels(first: Leaf, second: Leaf, pairs: Sequence[tuple[str, str]]) -> bool:
    return any(one in first.label and two in second.label for one, two in pairs)


def is_smaller(one: Leaf, two: Leaf, readings: Sequence[Fact], others: Sequence[Fact]) -> bool:
    """Return whether a quantity is smaller than another; "1450 of 2000 mL" states the unit once.

    Args:
        readings, others: what a text states of the two.
    """
    if one.facts.bare and two.facts.bare and one.is_number and two.is_number:
        return max(one.facts.bare) < max(two.facts.bare)
    if {type(fact) for fact in readings}.isdisjoint(type(fact) for fact in others):
        readings, others = list(one.facts.facts), list(two.facts.facts)  # "1450 of 2000 mL" for "1450 mL"
    sizes = [
        max((fact.value for fact in stated if isinstance(fact, QUANTITIES)), default=None)
        for stated in (readings, others)
    ]
    return sizes[0] is not None and sizes[1] is not None and sizes[0] < sizes[1]
