"""HTTP in, commands and queries out, one module per noun. No rule lives here."""

from crm.campaigns.api import campaigns, clicks, recipients, unsubscribing

routers = (campaigns.router, recipients.router, clicks.router, unsubscribing.router)

PUBLIC = ("/r/{token}", "/unsubscribe/{token}")
"""Who holds a mail in hands needs no other token."""
