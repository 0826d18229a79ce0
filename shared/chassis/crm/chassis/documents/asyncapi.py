"""The AsyncAPI 3.1 document of a service: its topic, and every fact on it."""

from typing import Any

from crm.chassis.documents.examples import example_of
from crm.chassis.documents.headers import example_headers, headers_schema
from crm.chassis.documents.schemas import inlined, schema_of
from crm.events import Fact, catalogue, type_of

PARTITIONS = 6  # as `crm.chassis.kafka` declares topics; not imported, so that who serves documents needs no client
_BINDING_VERSION = "0.5.0"


def asyncapi(service: str, purpose: str) -> dict[str, Any]:
    """The document as JSON."""
    facts = catalogue.of_service(service)
    names = [each.__name__ for each in facts]
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": f"Rapport {service}: facts",
            "version": "1.0.0",
            "description": f"{purpose} Every fact of the service is published here, in order per stream, and kept for"
            " ever: a consumer may begin at the beginning. A repeat has the same `ce_id` and is to be skipped; types"
            " and members that a consumer does not know are to be ignored.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": service}],
        },
        "defaultContentType": "application/json",
        "channels": {"facts": _channel(f"crm.{service}.v1", names)},
        "operations": {
            "publishFact": {
                "action": "send",
                "summary": "Publish every fact, in the order of its stream, once it is recorded.",
                "channel": {"$ref": "#/channels/facts"},
                "messages": [{"$ref": f"#/channels/facts/messages/{name}"} for name in names],
            }
        },
        "components": {
            "messages": {each.__name__: _message(each) for each in facts},
            "messageTraits": {"envelope": {"headers": headers_schema(), "bindings": _record_bindings()}},
        },
    }


def _channel(topic: str, names: list[str]) -> dict[str, Any]:
    configuration = {"cleanup.policy": ["delete"], "retention.ms": -1}
    binding = {"topic": topic, "partitions": PARTITIONS, "topicConfiguration": configuration}
    return {
        "address": topic,
        "title": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {**binding, "bindingVersion": _BINDING_VERSION}},
    }


def _record_bindings() -> dict[str, Any]:
    key = {"type": "string", "format": "uuid", "description": "What the stream is keyed by: its first contact, or it."}
    return {"kafka": {"key": key, "bindingVersion": _BINDING_VERSION}}


def _message(fact_class: type[Fact]) -> dict[str, Any]:
    schema, fact_type = schema_of(fact_class), type_of(fact_class)
    example = {"name": "first", "headers": example_headers(fact_type), "payload": example_of(schema)}
    return {
        "name": fact_type,
        "title": fact_class.__name__,
        "summary": fact_class.summary,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": inlined(schema),
        "examples": [example],
    }
