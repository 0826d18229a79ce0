"""How the world gets in: HTTP in, commands and queries out. No rule lives here."""

from crm.contacts.api import (
    consents,
    contacts,
    erasure,
    history,
    identities,
    imports,
    interactions,
    keys,
    merges,
    reach,
    reassignments,
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
    reassignments.router,
)
