"""How the world gets in: HTTP in, commands and queries out. No rule lives here."""

from crm.chassis.people.exporting import exporting
from crm.contacts.api import (
    access,
    account_standing,
    accounts,
    affiliations,
    confirming,
    consent_proofs,
    consent_requests,
    consents,
    contacts,
    erasure,
    history,
    holds,
    identities,
    imports,
    interactions,
    keys,
    merges,
    objections,
    people,
    preferences,
    reach,
    requests,
    unmerges,
    wordings,
)
from crm.contacts.views import aliases

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
    consent_requests.router,
    consent_proofs.router,
    objections.router,
    wordings.router,
    confirming.router,
    preferences.router,
    requests.router,
    access.router,
    holds.router,
    exporting("contacts", aliases),
)

PUBLIC = ("/confirm/{token}", "/preferences/{token}")
"""Who was sent a link needs no other token."""
