"""What is remembered of merges of a contact: those it survived, and whose value of which field counts. No I/O.

Contacts decides on it; every copy of contacts folds it from the same facts.
"""

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.events.accounts import AccountsMerged, AccountsUnmerged
from crm.events.merging import ContactsMerged, ContactsUnmerged, MergedFieldChosen

ANYBODY = UUID(int=0)
"""Stands for whoever has a value, where nothing was chosen."""


class Merge(Struct, frozen=True):
    """A merge in force, on its survivor's side."""

    merge_id: UUID
    survivor: UUID
    absorbed: tuple[UUID, ...]


class Choice(Struct, frozen=True):
    """Whose own value of a field counts; None: the survivor's. `merge_id`: with which merge it comes and goes."""

    field: str
    source: UUID | None
    merge_id: UUID | None = None


class Merges(Struct, frozen=True):
    """The merges a contact survived and that are in force, oldest first. The last choice for a field counts."""

    in_force: tuple[Merge, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def absorbed(self) -> tuple[UUID, ...]:
        """The ids that stand for this contact, in the order they were absorbed."""
        return tuple(each for merge in self.in_force for each in merge.absorbed)

    def find(self, merge_id: UUID) -> Merge | None:
        """The merge with this id, if it is in force."""
        return next((each for each in self.in_force if each.merge_id == merge_id), None)

    def after(
        self, fact: ContactsMerged | ContactsUnmerged | MergedFieldChosen | AccountsMerged | AccountsUnmerged
    ) -> "Merges":
        """What is remembered after a fact on the survivor."""
        match fact:
            case ContactsMerged() | AccountsMerged():
                return self.with_(fact)
            case ContactsUnmerged(merge_id=merge_id) | AccountsUnmerged(merge_id=merge_id):
                return self.without(merge_id)
            case MergedFieldChosen(field=field, source=source):
                return self.choose(field, source)

    def with_(self, fact: ContactsMerged | AccountsMerged) -> "Merges":
        """With one more merge."""
        merge = Merge(fact.merge_id, fact.survivor, tuple(fact.absorbed))
        return Merges(
            (*self.in_force, merge), (*self.choices, *_chosen(fact.field_choices, merge.survivor, merge.merge_id))
        )

    def without(self, merge_id: UUID) -> "Merges":
        """Without a merge, and what was chosen with it or later from those it brought.

        What another merge chose stays: it counts again once they are back. Without any merge nothing is left to choose.
        """
        merge = self.find(merge_id)
        if merge is None:
            return self
        rest = tuple(each for each in self.in_force if each != merge)
        later = [c for c in self.choices if c.merge_id is None and c.source in merge.absorbed]
        kept = (c for c in self.choices if c.merge_id != merge_id and c not in later)
        return Merges(rest, tuple(kept) if rest else ())

    def choose(self, field: str, source: UUID) -> "Merges":
        """With a choice that comes after all others for the field."""
        own = source == self.in_force[-1].survivor if self.in_force else True
        return self.choose_own(field) if own else self._on_top(Choice(field, source))

    def choose_own(self, field: str) -> "Merges":
        """The survivor's own value was set anew, so it counts, even if it was taken away."""
        return self._on_top(Choice(field, None)) if self.in_force else self

    def chosen(self, field: str, survivor: UUID, has: Callable[[UUID], bool]) -> UUID | None:
        """Whose value of a field counts by choice (C6), the last choice first; None if nobody's does.

        What was chosen counts while its holder `has` it: it may have left, been erased, or lost the value. The
        survivor's own counts, once it was set anew, even if it is empty.
        """
        for source in self._sources(field):
            if source is None:
                return survivor
            if has(source):
                return source
        return None

    def _sources(self, field: str) -> Iterator[UUID | None]:
        """Whose value of a field was chosen, the last choice first; None: the survivor's."""
        return (each.source for each in reversed(self.choices) if each.field == field)

    def is_foreign(self, field: str) -> bool:
        """Whether another contact's value of the field may count, so that setting the same one again says something."""
        chosen = next(self._sources(field), ANYBODY)
        return bool(self.in_force) and chosen is not None

    def _on_top(self, choice: Choice) -> "Merges":
        # An own value ends what was chosen before. Another's may go with its contact, and uncovers what was there.
        kept = (c for c in self.choices if c.field != choice.field or (choice.source is not None and _stays(c)))
        return replace(self, choices=(*kept, choice))


def _stays(choice: Choice) -> bool:
    return choice.merge_id is not None or choice.source is None


def _chosen(choices: Mapping[str, UUID], survivor: UUID, merge_id: UUID) -> tuple[Choice, ...]:
    return tuple(
        Choice(field, None if source == survivor else source, merge_id) for field, source in sorted(choices.items())
    )
