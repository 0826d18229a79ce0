"""What a seed chooses is chosen again by it; what the search for the erased looks for is found."""

from itertools import islice
from uuid import UUID

from tests.proving.choosing import Chooser, poisons, rebuilds
from tests.proving.forgotten import marks
from tests.proving.operators import views

ROLES = ("contacts-api", "contacts-relay", "campaigns-projector", "sales-projector")
CONTACTS = [str(UUID(int=n)) for n in range(20)]


def test_a_seed_replays_faults_rebuilds_and_poisons() -> None:
    def chosen() -> list[str]:
        work = poisons(7, CONTACTS, lambda: CONTACTS[:1])
        return [
            *map(str, islice(Chooser(7, ROLES).rounds(), 50)),
            *map(repr, islice(rebuilds(7, views()), 50)),
            *map(repr, islice(work, 50)),
        ]

    assert chosen() == chosen()


def test_every_view_is_rebuilt_in_its_turn() -> None:
    every = views()
    first = [(each.service, each.view) for each in islice(rebuilds(7, every), 2 * len(every))]
    assert sorted(first[1::2]) == sorted(every)
    assert ("contacts", "history") in every


def test_a_mark_is_found_in_clear_and_in_a_column_of_bytes() -> None:
    mark = "leaver0123456789ab"
    assert list(marks(f"x {mark}@example.org".encode())) == [mark]
    assert list(marks(f"\\x00{mark.encode().hex()}ff".encode())) == [mark]
    assert not list(marks(b"leaver0123 6c6561766572"))
