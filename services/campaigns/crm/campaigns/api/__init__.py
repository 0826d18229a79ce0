"""HTTP in, commands and queries out, one module per noun. No rule lives here."""

from crm.campaigns.api import campaigns, clicks, recipients, unsubscribing
from crm.campaigns.people import aliases
from crm.chassis.people.exporting import exporting

routers = (campaigns.router, recipients.router, clicks.router, unsubscribing.router, exporting("campaigns", aliases))

PUBLIC = ("/r/{token}", "/unsubscribe/{token}")
"""Who holds a mail in hands needs no other token."""
