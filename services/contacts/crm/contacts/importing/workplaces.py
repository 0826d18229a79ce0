"""Where a row says somebody works: the organisation, its ids in other systems, title and department (C12). No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from crm.chassis.decider import Claim
from crm.contacts.account import claim_of
from crm.contacts.account_name import id_of_name
from crm.contacts.importing.values import Values
from crm.events.particulars import ExternalId

ACCOUNT_ID = "account_id"
"""The field of an organisation's id; behind a colon the system that gave it, else it is `import`."""


@dataclass(frozen=True)
class Workplace:
    """What a row tells. `ids` are those that name the organisation in other systems."""

    name: str | None = None
    ids: tuple[ExternalId, ...] = ()
    title: str | None = None
    department: str | None = None

    @cached_property
    def own_id(self) -> ExternalId | None:
        """The id of an account that is known by this name alone; None for names of nothing in particular (C3)."""
        found = id_of_name(self.name) if self.name else None
        return found if found and claim_of(found) else None

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """What may lead to the account, what is most certain first."""
        told = (*self.ids, *((self.own_id,) if self.own_id else ()))
        return tuple(each for each in map(claim_of, told) if each)


def workplace_in(values: Values) -> Workplace | None:
    """Where a row says somebody works; None if it says nothing of that.

    Of several ids of one system nobody can tell which is that of the organisation named, so they are left out; where
    there are as many names, the first one counts.
    """
    first = {field: told[0] for field, told in values.items()}
    name = first.get("organisation")
    ids = {field.partition(":")[2] or "import": _split(told) for field, told in first.items() if _is_id(field)}
    for several in ids.values():
        if name and len(several) > 1 and len(_split(name)) == len(several):
            name = _split(name)[0]
    told = Workplace(name, tuple(_certain(ids)), first.get("job_title"), first.get("department"))
    return told if told != Workplace() else None


def _certain(ids: dict[str, list[str]]) -> Iterator[ExternalId]:
    for system, told in ids.items():
        if len(told) == 1 and claim_of(found := ExternalId(system, told[0])):
            yield found


def _is_id(field: str) -> bool:
    return field.partition(":")[0] == ACCOUNT_ID


def _split(text: str) -> list[str]:
    return [each for each in map(str.strip, text.split(";")) if each]
