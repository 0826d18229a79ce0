"""How the world gets in: HTTP in, commands and queries out. No rule lives here."""

from crm.contacts.api import (
    account_standing,
    accounts,
    affiliations,
    confirming,
    consent_proofs,
    consent_requests,
    consents,
    contacts,
    duplicates,
    erasure,
    history,
    identities,
    imports,
    interactions,
    keys,
    merges,
    objections,
    people,
    preferences,
    reach,
    unmerges,
    wordings,
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
    consent_requests.router,
    consent_proofs.router,
    objections.router,
    wordings.router,
    confirming.router,
    preferences.router,
    duplicates.router,
)

PUBLIC = ("/confirm/{token}", "/preferences/{token}")
"""Who was sent a link needs no other token."""
