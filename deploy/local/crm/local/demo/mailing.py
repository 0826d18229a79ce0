"""The part of the story that is played by mail: it is sent, read, clicked, and then no longer wanted."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx

from crm.local.demo.calls import StoryStuck
from crm.local.demo.cast import Cast, Tale

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SUBJECT = "{first_name}, spring is cargo bike season"
TEXT = """Dear {first_name},

our new cargo bikes carry 150 kg and fit through every door:
https://shop.example/cargo-bikes

Shall we visit you with one? Just reply.
"""


def campaign_goes_out(cast: Cast, tale: Tale, *agreed: str) -> str:
    """Marketing writes to all who agreed, as soon as campaigns knows of it. Returns the id of the person's mail."""
    body = {"name": "Spring", "subject": SUBJECT, "text": TEXT, "purpose": "marketing"}
    campaign = cast.marketing.tell("campaigns", "/campaigns", **body, audience={"consent": "marketing"})["id"]
    cast.marketing.tell("campaigns", f"/campaigns/{campaign}/start", *agreed)
    completed = f"campaigns/{campaign}:3"  # planned, started, and completed by itself when every mail has had its turn
    mails = cast.marketing.ask("campaigns", f"/campaigns/{campaign}/recipients", completed, limit=100)["items"]
    tale.mails = [f"campaigns/{each['message']}:3" for each in mails]  # planned, handed off, sent
    hers = next((each for each in mails if each["contact"] == tale.contact), None)
    if hers is None or hers["status"] != "sent":
        raise StoryStuck(f"The mail was not sent: {hers['explanation'] if hers else 'she is not in the audience'}")
    return str(hers["message"])


def mail_to(cast: Cast, address: str) -> EmailMessage:
    """The mail that somebody got."""
    for file in sorted(cast.mails.glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        if mail["To"] == address:
            return mail
    raise StoryStuck("Nobody wrote to the person.")


def they_click(cast: Cast, tale: Tale, message: str, mail: EmailMessage) -> None:
    """They follow the link in the mail."""
    link = re.search(r"https?://\S+/r/\S+", mail.get_content())
    if link is None:
        raise StoryStuck("There is no link in the mail.")
    followed = httpx.get(link.group(), trust_env=False)
    if not followed.has_redirect_location:
        raise StoryStuck(f"The link leads nowhere: {followed.status_code}.")
    tale.seen.append(f"campaigns/{message}:4")  # planned, handed off, sent, clicked


def they_unsubscribe(cast: Cast, tale: Tale, message: str, mail: EmailMessage, consent: str) -> None:
    """They press "unsubscribe" in their mail program, which posts to where the mail says (RFC 8058)."""
    url, body = mail["List-Unsubscribe"].strip("<>"), mail["List-Unsubscribe-Post"]
    httpx.post(url, content=body, headers=FORM, trust_env=False).raise_for_status()
    tale.seen.append(f"campaigns/{message}:5")
    tale.seen.append(f"contacts/{consent}:2")  # contacts withdraws the consent by itself
