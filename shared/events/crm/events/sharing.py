"""What names a person for now, or names several: devices of visitors, and identifiers that people share (C3)."""

from typing import Literal, TypeAlias

from crm.events.fact import Fact, Personal

SharedKind: TypeAlias = Literal["email", "phone", "device"]


class DeviceLinked(Fact, frozen=True, tag="crm.contacts.device-linked.v1"):
    """This person uses a device that visitors are recognised by. `shared`: others use it too."""

    summary = "Device {device} linked"
    device: Personal[str]
    shared: bool = False


class IdentifierShared(Fact, frozen=True, tag="crm.contacts.identifier-shared.v1"):
    """Somebody says that others have it too (info@, a household's number): it leads here, but tells nobody apart."""

    summary = "{value} is shared with others"
    kind: SharedKind
    value: Personal[str]


class IdentifierUnshared(Fact, frozen=True, tag="crm.contacts.identifier-unshared.v1"):
    """Somebody says that it is this person's own."""

    summary = "{value} is this contact's alone"
    kind: SharedKind
    value: Personal[str]
