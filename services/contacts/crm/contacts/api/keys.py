"""Keys for systems that read personal data off the topics: whoever may, gets a person's key, until it is destroyed."""

import base64
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.auth import Agent, allowed
from crm.chassis.decider import Erased, Unknown
from crm.chassis.http import Router, Streams
from crm.chassis.keys import KeyMissing
from crm.contacts.api.bodies import ERASED
from crm.events.holds import ValuesHeld

router = Router(prefix="/keys", tags=["keys"])

CanReadKeys = Annotated[Agent, allowed("keys:read")]


class KeyAnswer(BaseModel):
    """A symmetric key as a JSON Web Key (RFC 7517); `k` is base64url without padding."""

    kty: Literal["oct"] = "oct"
    alg: Literal["A256GCM"] = "A256GCM"
    kid: UUID
    k: str


@router.get("/{kid}", responses=ERASED)
def get_key(kid: UUID, streams: Streams, agent: CanReadKeys) -> KeyAnswer:
    """The key that opens the `personal` members whose protected header names this `kid`. Do not keep it for long."""
    try:
        key = streams.keys.disclose(kid)
    except KeyMissing:
        raise Unknown("There is no such key.") from None
    if any(isinstance(each.fact, ValuesHeld) for each in streams.stream(kid)):
        raise Unknown("There is no such key.")  # what a legal hold keeps is not for readers of the topics
    if key is None:
        raise Erased("This person was erased and the key destroyed.")
    return KeyAnswer(kid=kid, k=base64.urlsafe_b64encode(key).decode().rstrip("="))
