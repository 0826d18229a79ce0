"""Rows of accounts: organisations, matched by the id that another system gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args
from uuid import UUID, uuid5

from crm.chassis.decider import Claim, Rejected
from crm.chassis.log import EventLog, Folded, Step
from crm.contacts.account import Account, accounts, claims, evolve
from crm.contacts.account_record import register_account, revise_account
from crm.contacts.importing.batches import Earlier, Row, row_step, unless_known
from crm.contacts.importing.deciding import Decision, Upsert
from crm.contacts.importing.values import Unusable, Values, address_in, external_ids, too_long
from crm.contacts.organisations import Accounts as Known
from crm.events import Fact
from crm.events.accounts import AccountKind, AccountRegistered
from crm.events.import_rows import ImportRowChangedAccount


@dataclass(frozen=True)
class Organisation:
    """What a row tells of."""

    fact: AccountRegistered
    kind: AccountKind | None

    @property
    def claims(self) -> Sequence[Claim]:
        return sorted(claims(evolve(None, self.fact)))


class Accounts:
    """The rows of one import, each an organisation."""

    makes_contacts = False

    def __init__(self, log: EventLog, import_id: UUID, upsert: Upsert, earlier: Earlier) -> None:
        self._log, self._import, self._upsert, self._earlier = log, import_id, upsert, earlier

    def read(self, values: Values | Unusable) -> Organisation | Unusable:
        return organisation_of(values)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        wanted = {claim for _, row in rows if isinstance(row, Organisation) for claim in row.claims}
        held = dict(self._log.holders(wanted))
        held |= self._earlier.held(wanted - held.keys())
        whole = Known(self._log).find_all(held.values())  # what was absorbed stands for its survivor (C8)
        held = {claim: whole[id].account_id if id in whole else id for claim, id in held.items()}
        known = self._log.get_all(accounts, list(set(held.values())))
        lines = dict(self._earlier.lines_of(set(held.values())))
        decisions = []
        for line, row in rows:
            decision = self._decide(line, row, held, known, lines)
            if decision.outcome in ("create", "update") and decision.contact:
                held |= dict.fromkeys(row.claims, decision.contact)
                lines[decision.contact] = line
            decisions.append(decision)
        return decisions

    def _decide(
        self,
        line: int,
        row: Organisation | Unusable,
        held: dict[Claim, UUID],
        known: dict[UUID, Folded[Account]],
        lines: dict[UUID, int],
    ) -> Decision:
        if isinstance(row, Unusable):
            return Decision(line, "unusable", field=row.field, reason=row.reason)
        made = uuid5(self._import, f"account {line}")
        holder = next((held[each] for each in row.claims if held.get(each, made) != made), None)
        if holder is None:
            return Decision(line, "create", made, row=row, of_account=True)
        met = partial(Decision, line, contact=holder, matched_by="external_id", of_account=True)
        if holder in lines and lines[holder] != line:
            return met(outcome="duplicate", earlier_line=lines[holder])
        if self._upsert.on_match == "skip" or holder not in known:
            return met(outcome="known")
        facts = differences(known[holder].state, row)
        if not facts:
            return met(outcome="unchanged")
        return met(outcome="update", row=row, facts=facts, seen=known[holder].version)

    def steps(self, decision: Decision) -> list[Step]:
        account, row = decision.contact, decision.row
        assert account
        if decision.outcome == "create":
            return [Step(accounts, account, partial(unless_known, facts=(row.fact,)))]
        changed = ImportRowChangedAccount(import_id=self._import, line=decision.line, account=account)
        planned = Step(accounts, account, lambda _: decision.facts, seen=decision.seen)
        return [planned, row_step(self._import, decision.line, changed)]


def organisation_of(values: Values | Unusable) -> Organisation | Unusable:
    """The organisation that a row tells of."""
    if isinstance(values, Unusable):
        return values
    address = address_in(values)
    kind = values.get("kind", [""])[0].lower()
    if kind not in ("", *get_args(AccountKind)):
        return Unusable("kind", f"Give one of {', '.join(get_args(AccountKind))}.")
    if (problem := too_long(values)) or isinstance(address, Unusable):
        return problem or address  # type: ignore[return-value]  # one of them says why
    try:
        fact = register_account(
            None,
            name=values.get("name", [""])[0],
            kind=kind or "customer",  # type: ignore[arg-type]  # it is one of them
            domains=[_bare(each) for each in values.get("domain", ())],
            address=address,
            external_ids=list(external_ids(values)),
        )
    except Rejected as refusal:
        return Unusable(refusal.field, refusal.sentence)
    return Organisation(fact, kind or None)  # type: ignore[arg-type]  # it is one of them


def differences(account: Account, row: Organisation) -> tuple[Fact, ...]:
    """What a row says of an account that was not known of it. Empty never overwrites; domains are added."""
    told = row.fact
    return revise_account(
        account,
        name=told.name,
        kind=row.kind,
        domains=[*account.domains, *(each for each in told.domains if each not in account.domains)],
        address=told.address,
        moved=told.address is not None,
    )


def _bare(domain: str) -> str:
    """The domain of an address on the web."""
    return domain.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]
