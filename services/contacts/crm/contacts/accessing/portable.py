"""What somebody gave themselves, as they may carry it elsewhere: neither what others wrote nor what was derived."""

from crm.contacts.item import Item

GIVEN = frozenset(
    {
        "crm.contacts.contact-registered.v1",
        "crm.contacts.contact-renamed.v1",
        "crm.contacts.contact-moved.v1",
        "crm.contacts.contact-email-added.v1",
        "crm.contacts.contact-phone-added.v1",
        "crm.contacts.consent-granted.v1",
        "crm.contacts.consent-withdrawn.v1",
        "crm.contacts.subject-request-received.v1",
        "crm.sales.lead-captured.v1",
        "crm.service-desk.ticket-opened.v1",
        "crm.campaigns.link-clicked.v1",
        "crm.campaigns.unsubscribed.v1",
    }
)


def is_given(item: Item) -> bool:
    """Whether a line of the history tells what the person said or did themselves."""
    match item.type:
        case "crm.contacts.interaction-logged.v1":
            return item.data.get("direction") == "inbound"
        case "crm.service-desk.ticket-replied.v1":
            return item.data.get("by") == "customer"
        case _:
            return item.type in GIVEN or item.actor.startswith("contact:")
