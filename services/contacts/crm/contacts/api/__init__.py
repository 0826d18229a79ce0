"""How the world gets in: HTTP in, commands and queries out. No rule lives here."""

from crm.contacts.api import (
    confirming,
    consent_proofs,
    consent_requests,
    consents,
    contacts,
    erasure,
    history,
    identities,
    imports,
    interactions,
    keys,
    objections,
    preferences,
    reach,
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
    consent_requests.router,
    consent_proofs.router,
    objections.router,
    wordings.router,
    confirming.router,
    preferences.router,
)

PUBLIC = ("/confirm/{token}", "/preferences/{token}")
"""Who was sent a link needs no other token."""
