"""Keys are handed to whoever may read personal data elsewhere, and to nobody once a person was erased."""

import base64
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter

from crm.chassis.auth import LocalIssuer
from crm.chassis.http import Api, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog
from crm.chassis.settings import Settings
from crm.contacts.service import service


def client(folder: Path, log: EventLog, settings: Settings, *scopes: str) -> TestClient:
    issuer = LocalIssuer(folder)
    app = create_app(
        Api(title="contacts", version="1", routers=service.routers, verifier=issuer.verifier(), log=log,
            public=service.public, parts=(settings,))
    )  # fmt: skip
    return TestClient(app, headers={"Authorization": f"Bearer {issuer.issue('reader', scopes)}"})


def test_a_foreign_jose_library_opens_personal_data_with_a_served_key(
    tmp_path: Path, log: EventLog, settings: Settings, registered: Callable[..., UUID]
) -> None:
    contact = registered("Ada Lovelace")
    answer = client(tmp_path / "k", log, settings, "keys:read").get(f"/keys/{contact}").json()
    assert (answer["kty"], answer["alg"], answer["kid"]) == ("oct", "A256GCM", str(contact))
    sealed = log.store.load([contact])[contact][0].value.decode().split('"personal":"')[1].split('"')[0]
    registry = JWERegistry(header_registry={"eid": HeaderParameter("event id", "str")})
    key = OctKey.import_key(base64.urlsafe_b64decode(answer["k"] + "=="))
    opened = jwe.decrypt_compact(sealed, key, registry=registry)
    assert b"Ada Lovelace" in (opened.plaintext or b"")


def test_keys_need_a_permission_of_their_own(
    tmp_path: Path, log: EventLog, settings: Settings, registered: Callable[..., UUID]
) -> None:
    contact = registered("Ada Lovelace")
    assert client(tmp_path / "k", log, settings, "contacts:*").get(f"/keys/{contact}").status_code == 403


def test_a_destroyed_key_is_gone_and_an_unknown_one_unknown(
    tmp_path: Path, log: EventLog, keys: MemoryKeys, settings: Settings, registered: Callable[..., UUID]
) -> None:
    contact = registered("Ada Lovelace")
    keys.destroy(contact)
    reader = client(tmp_path / "k", log, settings, "keys:read")
    assert reader.get(f"/keys/{contact}").status_code == 410
    assert reader.get(f"/keys/{uuid4()}").status_code == 404
