"""Where an issuer's public keys come from: a URL, or a file on one machine."""

import json
import logging
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlparse

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWKSetError

from crm.chassis.auth.refusals import IssuerUnreachable

FETCH_TIMEOUT_S = 3.0
KEYS_LIVE_S = 300.0
ASK_AGAIN_AFTER_S = 5.0
"""An unknown key id makes us ask the issuer again, but not more often than this, whoever sends such tokens."""

_log = logging.getLogger(__name__)


class KeySet(Protocol):
    """An issuer's public keys."""

    def key(self, key_id: str) -> PyJWK | None:
        """The key with this id; None if the issuer has none. Raises `IssuerUnreachable`."""


def key_set(url: str) -> KeySet:
    """The keys behind a JWKS address: `https:`, `http:` or `file:`."""
    parts = urlparse(url)
    if parts.scheme == "file":
        return FileKeys(Path(unquote(parts.path)))
    return RemoteKeys(url)


class RemoteKeys:
    """Keys fetched over HTTP, cached for five minutes, and kept while the issuer is away."""

    def __init__(self, url: str, *, ask_again_after_s: float = ASK_AGAIN_AFTER_S) -> None:
        self._client = _PatientClient(
            url,
            cache_keys=False,
            lifespan=KEYS_LIVE_S,
            timeout=FETCH_TIMEOUT_S,
            cooldown_duration=ask_again_after_s,
        )

    def key(self, key_id: str) -> PyJWK | None:
        try:
            return self._client.get_signing_key(key_id)
        except PyJWKClientConnectionError as error:
            raise IssuerUnreachable("The keys of the token issuer cannot be fetched.") from error
        except PyJWKClientError:
            return None


class _PatientClient(PyJWKClient):
    _last: Any = None

    def fetch_data(self) -> Any:
        """Fetches the keys; if that fails, the last ones stay in use until the next attempt."""
        try:
            self._last = super().fetch_data()
        except (PyJWKClientError, PyJWKSetError, ValueError, OSError) as error:
            if self._last is None:
                raise PyJWKClientConnectionError("The keys cannot be fetched.") from error
            _log.warning("The keys of the token issuer cannot be fetched; the last known ones stay in use.")
            self._last_successful_fetch = time.monotonic()
        return self._last


class FileKeys:
    """Keys in a JWKS file, read again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._keys: dict[str, PyJWK] = {}

    def key(self, key_id: str) -> PyJWK | None:
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_ino)
            if version != self._read_at:
                keys = PyJWKSet.from_dict(json.loads(self._path.read_bytes())).keys
                self._keys = {str(key.key_id): key for key in keys}
                self._read_at = version
        except (OSError, ValueError, PyJWKSetError) as error:
            raise IssuerUnreachable("The file with the token issuer's keys cannot be read.") from error
        return self._keys.get(key_id)
