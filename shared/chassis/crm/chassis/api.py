"""The role `api`: the HTTP side of a service."""

import threading
from typing import TYPE_CHECKING, Any

from crm.chassis.auth import TokenVerifier
from crm.chassis.documents.asyncapi import asyncapi
from crm.chassis.documents.kept import schema_named
from crm.chassis.documents.reading import to_yaml
from crm.chassis.health import Health
from crm.chassis.http import Api, Broadcaster, Documents, News, Waiter, create_app, serve
from crm.chassis.projection import ViewConsistency, lag_of
from crm.chassis.runtime import Runtime
from crm.events.fact import service_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from crm.chassis.service import Service

VERSION = "0.1.0"


def app_of(service: "Service", runtime: Runtime) -> "FastAPI":
    """The application of a running service."""
    settings, database = runtime.settings, runtime.database
    broadcaster = Broadcaster(database.dsn)
    waiter = Waiter(ViewConsistency(database, service.views), broadcaster)
    return create_app(
        Api(
            title=f"Rapport {service.name}",
            version=VERSION,
            description=service.purpose,
            routers=service.routers,
            verifier=TokenVerifier(
                issuer=settings.issuer,
                audience=settings.audience,
                jwks_url=settings.jwks,
                roles=settings.role_permissions,
            ),
            log=runtime.log,
            database=database,
            waiter=waiter,
            news=News(database, broadcaster),
            health=_health(service, runtime),
            documents=documents(service),
            public=service.public,
            threads=database.max_size - 1,  # one connection is left for who waits, and for readiness
            parts=(runtime, settings),
        )
    )


def description_of(service: "Service") -> dict[str, Any]:
    """The OpenAPI document of a service, which needs nothing to run."""
    nobody = TokenVerifier(issuer="rapport", audience="rapport", jwks_url="file:///")
    api = Api(
        title=f"Rapport {service.name}",
        version=VERSION,
        description=service.purpose,
        routers=service.routers,
        verifier=nobody,
        public=service.public,
    )
    return create_app(api).openapi()


def documents(service: "Service") -> Documents:
    """The documents a service publishes about its facts."""

    def schema(fact_type: str) -> dict[str, object] | None:
        found = schema_named(fact_type)
        return found if found and service_of(fact_type) == service.name else None

    return Documents(asyncapi=lambda: to_yaml(asyncapi(service.name, service.purpose)), schema=schema)


def serve_api(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Answers requests until told to stop."""
    app = app_of(service, runtime)
    serve(app, runtime.settings.host, runtime.settings.port, stop, ending=app.state.news.end)


def _health(service: "Service", runtime: Runtime) -> Health:
    def database() -> None:
        with runtime.database.connection() as connection:
            connection.execute("SELECT 1")

    return Health(checks={"database": database}, lag=lambda: lag_of(runtime.database, service.views))
