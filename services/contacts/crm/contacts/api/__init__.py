"""How the world gets in: HTTP in, commands and queries out. No rule lives here."""

from crm.contacts.api import (
    account_standing,
    accounts,
    affiliations,
    consents,
    contacts,
    erasure,
    history,
    identities,
    imports,
    interactions,
    keys,
    merges,
    people,
    reach,
    unmerges,
)

routers = (
    contacts.router,
    reach.router,
    identities.router,
    interactions.router,
    consents.router,
    history.router,
    erasure.router,
    imports.router,
    keys.router,
    merges.router,
    unmerges.router,
    accounts.router,
    account_standing.router,
    affiliations.router,
    people.router,
)
