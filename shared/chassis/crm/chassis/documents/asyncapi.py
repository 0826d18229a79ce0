"""The AsyncAPI 3.1 document of a service: its topic, and every fact on it."""

from collections.abc import Iterable
from typing import Any

from crm.chassis.documents.examples import example_of
from crm.chassis.documents.headers import example_headers, headers_schema
from crm.chassis.documents.kept import kept_schema, older_types
from crm.chassis.documents.schemas import JsonSchema, inlined, schema_of
from crm.events import catalogue, type_of
from crm.events.upcasts import current_type

PARTITIONS = 6  # as `crm.chassis.kafka` declares topics; not imported, so that who serves documents needs no client
_BINDING_VERSION = "0.5.0"


def asyncapi(service: str, purpose: str) -> dict[str, Any]:
    """The document as JSON."""
    messages = _messages(service)
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
        "channels": {"facts": _channel(f"crm.{service}.v1", messages)},
        "operations": {
            "publishFact": {
                "action": "send",
                "summary": "Publish every fact, in the order of its stream, once it is recorded.",
                "channel": {"$ref": "#/channels/facts"},
                "messages": [{"$ref": f"#/channels/facts/messages/{name}"} for name in messages],
            }
        },
        "components": {
            "messages": messages,
            "messageTraits": {"envelope": {"headers": headers_schema(), "bindings": _record_bindings()}},
        },
    }


def _messages(service: str) -> dict[str, Any]:
    """Every fact by its name; older versions too, which stay on the topic."""
    found = {
        each.__name__: _message(type_of(each), schema_of(each), each.summary) for each in catalogue.of_service(service)
    }
    for each in older_types(service):
        schema, version = kept_schema(each), each.rpartition(".")[2]
        summary = f"An older version of {current_type(each)}. It is no longer written, and stays where it is."
        found[schema["title"] + version.capitalize()] = _message(each, schema, summary)
    return found


def _channel(topic: str, names: Iterable[str]) -> dict[str, Any]:
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


def _message(fact_type: str, schema: JsonSchema, summary: str) -> dict[str, Any]:
    example = {"name": "first", "headers": example_headers(fact_type), "payload": example_of(schema)}
    return {
        "name": fact_type,
        "title": schema["title"],
        "summary": summary,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": inlined(schema),
        "examples": [example],
    }
