"""People who come, leave something of themselves in several services, and later are erased."""

import random
from uuid import uuid4

from tests.proving.calling import Client

MARK = "leaver"
"""What the mark of each of them begins with; twelve hexadecimal digits follow."""
AT_ONCE = 4
"""How many are there at most before one of them must go."""


class Leaving:
    """A client that opens contacts and erases some of them. One thread uses it."""

    def __init__(self) -> None:
        self.present: dict[str, str] = {}
        """The marks of those who are there, by contact. The first of them stays to the end."""
        self.erased: dict[str, str] = {}
        """The marks of those whose erasure was acknowledged."""

    def __call__(self, client: Client, contact: str, chance: random.Random) -> None:
        leavers = list(self.present)[1:]
        if leavers and (len(leavers) >= AT_ONCE or chance.random() < 0.5):
            self._leave(client, chance.choice(leavers))
        else:
            self._come(client)
        client.stop.wait(1)

    def _come(self, client: Client) -> None:
        mark = f"{MARK}{uuid4().hex[:12]}"
        name, email, said = f"Name {mark}", f"{mark}@example.org", f"said {mark}"
        contact = str(client.write("contacts", "/contacts", {"name": name, "emails": [email]})["id"])
        self.present[contact] = mark
        note = {"kind": "note", "direction": "internal", "subject": said, "body": said}
        client.write("contacts", f"/contacts/{contact}/interactions", note)
        lead = {"name": name, "email": email, "contact": contact, "source": "web", "interest": said}
        client.write("sales", "/leads", lead)
        client.write("service-desk", "/tickets", {"subject": said, "body": said, "contact": contact, "name": name})

    def _leave(self, client: Client, contact: str) -> None:
        client.write("contacts", f"/contacts/{contact}", method="DELETE")
        self.erased[contact] = self.present.pop(contact)
