"""Settings of one process, read once from the environment and passed down."""

import os
from base64 import b64decode
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crm.chassis.auth.roles import Roles
from crm.chassis.auth.territory import RecordAccess
from crm.chassis.people.uniqueness import RULES, Rule, RuledKind, Uniqueness

PREFIX = "RAPPORT_"


def _key(value: object) -> object:
    return b64decode(value) if isinstance(value, str) else value


def _keys(value: object) -> object:
    return tuple(b64decode(each) for each in value.split(",") if each) if isinstance(value, str) else value


def _words(value: object) -> object:
    return tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """What a process needs to know. Every name is `RAPPORT_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    database: str
    """DSN of the service's own database."""
    keyring: str
    """DSN of the keyring."""
    master_key: Annotated[bytes, BeforeValidator(_key), Field(min_length=32, max_length=32, repr=False)]
    """32 bytes, in base64, that wrap the keys in the keyring."""
    older_master_keys: Annotated[tuple[bytes, ...], NoDecode, BeforeValidator(_keys)] = Field((), repr=False)
    """Master keys of before, in base64 and separated by commas, while keys are being wrapped anew."""
    kafka: str = ""
    """Bootstrap servers; empty: no relay and no foreign facts."""
    partitions: int = Field(6, ge=1, le=1000)
    host: str = "127.0.0.1"
    port: int = Field(8100, ge=0, le=65535)
    metrics_port: int = Field(0, ge=0, le=65535)
    """Where roles without an API show their metrics (Prometheus); 0: nowhere. The API shows its own at `/metrics`."""
    jwks: str = ""
    """URL (https or file) of the issuer's keys."""
    issuer: str = "rapport"
    audience: str = "rapport"
    roles: str = ""
    """JSON, or a file of it: what roles permit, beside or instead of the shipped ones. The same for all services."""
    record_access: RecordAccess = "all"
    """Whose contacts and accounts somebody may see and change who may not do so with all of them."""
    region: str = Field("DE", pattern="^[A-Z]{2}$")
    """ISO 3166 code of the country whose telephone numbers are written without a prefix."""
    identity_policy: dict[RuledKind, Rule] = Field(default_factory=lambda: dict(RULES))
    """JSON: what becomes of an e-mail address, number or device that somebody else holds (C3)."""
    own_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    """Domains of the organisation itself, separated by commas: an address there names no customer (C3)."""
    blocked_identifiers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    """Addresses, numbers (E.164) and ids that name nobody, separated by commas, beside those known to Rapport (C3)."""
    public_url: str = ""
    """Where the outside world reaches this service; links in mails start with it."""
    contacts_url: str = ""
    """Where the outside world reaches the contacts service; links to confirm a consent start with it."""
    smtp: str = "127.0.0.1:25"
    """Host and port of the mail server that mails are handed to."""
    mail_from: str = "crm@rapport.example"
    auto_close_days: float = Field(7.0, gt=0)
    """Days after which a solved ticket closes by itself (D12)."""
    auto_merge: bool = False
    """Whether two contacts that hold the same verified identifier are merged without anybody being asked (C5)."""
    import_keep_days: float = Field(30.0, ge=0)
    """Days that the rejected rows of an import, or a file nobody started, wait encrypted until they are discarded."""
    traces: Path | None = None
    """File that spans are written to as JSON lines, where no OTLP endpoint is configured."""
    otlp: str = ""
    """Base URL of an OpenTelemetry collector (OTLP over HTTP) that spans are sent to."""
    trace_ratio: float = Field(1.0, ge=0, le=1)
    state: Path | None = None
    """Folder for state that can be lost, such as that of live windows."""
    fonts: Path | None = None
    """Folder of fonts for what is printed in scripts other than Latin, Greek and Cyrillic."""

    @property
    def font_folders(self) -> tuple[Path, ...]:
        """Where fonts are, beside those that the typesetter brings."""
        return () if self.fonts is None else (self.fonts,)

    @cached_property
    def role_permissions(self) -> Roles:
        """What each role permits here."""
        return Roles.read(self.roles)

    @cached_property
    def uniqueness(self) -> Uniqueness:
        """How strictly identifiers are one person's alone here."""
        return Uniqueness(self.identity_policy, self.own_domains, self.blocked_identifiers)

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        _ = self.uniqueness, self.role_permissions
        return self


class MisspeltSetting(Exception):  # noqa: N818
    """An environment variable looks like a setting of Rapport but is none."""


def read_settings() -> Settings:
    """The settings of this process. Raises `MisspeltSetting` or pydantic's `ValidationError`, naming the variable."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise MisspeltSetting(f"Unknown settings: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    return Settings()  # type: ignore[call-arg]  # filled from the environment
