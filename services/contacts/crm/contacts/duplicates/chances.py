"""How often each grade is seen: `m` in 100 pairs that are one person, `u` in 100 pairs that are not.

Names, birth dates, streets and places: counted on FEBRL data set 2 (`python -m bench.duplicates --fit`), smoothed
where it has too few. Where that set says nothing (short forms, e-mail, telephone) the values are set by judgement, so
that no such field alone makes a suggestion. Equal names and postal codes are weighed by how rare they are instead of
by their `u`. The method: Fellegi and Sunter, A Theory for Record Linkage, JASA 64 (1969); frequencies: Winkler (1989).
"""

from math import log2

from crm.contacts.duplicates.comparing import Field, Grade

CHANCES: dict[Field, dict[Grade, tuple[float, float]]] = {
    "family name": {
        "same": (65, 0.4),
        "typing error": (22, 0.1),
        "one of several names": (1, 0.02),
        "short form": (0.5, 0.03),
        "same sound": (0.5, 0.06),
        "similar": (1, 0.05),
        "initial only": (1, 4),
        "different": (9, 95.3),
    },
    "given name": {
        "same": (69, 0.45),
        "typing error": (15, 0.15),
        "one of several names": (1.5, 0.05),
        "short form": (2, 0.3),
        "same sound": (0.6, 0.16),
        "similar": (0.9, 0.1),
        "initial only": (3, 5),
        "different": (8, 93.8),
    },
    "names": {"given and family name swapped": (3, 50)},
    "birth date": {
        "same": (90, 0.004),
        "day and month swapped": (0.5, 0.002),
        "one digit off": (3.2, 0.11),
        "two digits off": (0.5, 0.48),
        "different": (5.8, 99.4),
    },
    "street": {
        "same": (21, 0.002),
        "same but for number": (3, 0.003),
        "same, other number": (2.4, 0.3),
        "similar": (42, 0.003),
        "similar, other number": (11.2, 0.3),
        "different": (20.4, 99.9),
    },
    "place": {
        "same": (55, 0.01),
        "nearly the same": (27.5, 0.004),
        "same postal code": (5.4, 0.1),
        "same town": (3.1, 0.1),
        "similar": (6.3, 0.03),
        "different": (2.7, 99.75),
    },
    "e-mail": {
        "same but for dots and tags": (20, 0.002),
        "typing error": (12, 0.004),
        "same before the @": (8, 0.01),
        "made of a like name": (12, 4),
        "different": (48, 95.9),
    },
    "telephone": {
        "same, written otherwise": (20, 0.002),
        "one digit off": (10, 0.01),
        "different": (70, 99.9),
    },
}

BITS: dict[Field, dict[Grade, float]] = {
    field: {grade: log2(m / u) for grade, (m, u) in grades.items()} for field, grades in CHANCES.items()
}
"""The weight of each grade: how many times a pair is likelier to be one person, as a power of two."""
