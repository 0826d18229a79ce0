"""The AsyncAPI documents: complete, without loose ends, and true of what is sent."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import yaml
from jsonschema_rs import meta, validator_for

from crm.chassis import kafka
from crm.chassis.documents.asyncapi import PARTITIONS, asyncapi
from crm.chassis.documents.headers import HEADERS, OPTIONAL, example_headers, headers_schema
from crm.chassis.documents.kept import schema_named
from crm.chassis.documents.reading import to_yaml
from crm.chassis.documents.schemas import urn
from crm.events import Position, Sealed, catalogue, upcasts
from crm.events.fact import service_of

SERVICES = ("contacts", "sales", "service-desk", "campaigns", "analytics")
DRAFT = "http://json-schema.org/draft-07/schema#"  # what AsyncAPI builds on
TYPE = "crm.sales.opportunity-won.v1"
documents = pytest.mark.parametrize("document", [asyncapi(each, "What for.") for each in SERVICES], ids=SERVICES)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def found(document: dict[str, Any], reference: str) -> Any:
    """What a reference of a document points to. Raises `KeyError`."""
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


@documents
def test_no_reference_dangles(document: dict[str, Any]) -> None:
    everywhere = list(references(document))
    assert all(found(document, each) for each in everywhere)
    assert len(everywhere) >= 4  # channel, its messages, the operation, traits


@documents
def test_it_has_every_fact_of_the_service_in_every_version_and_no_other(document: dict[str, Any]) -> None:
    service = document["info"]["title"].removeprefix("Rapport ").removesuffix(": facts")
    expected = {each for each in (*catalogue.BY_TYPE, *upcasts.UPCASTS) if each.startswith(f"crm.{service}.")}
    channel, sent = document["channels"]["facts"], document["operations"]["publishFact"]["messages"]
    assert {found(document, each["$ref"])["name"] for each in channel["messages"].values()} == expected
    assert {found(document, found(document, each["$ref"])["$ref"])["name"] for each in sent} == expected
    assert (channel["address"], channel["bindings"]["kafka"]["topic"]) == (kafka.topic_of(service),) * 2


@documents
def test_every_example_fits(document: dict[str, Any]) -> None:
    trait = document["components"]["messageTraits"]["envelope"]
    headers = validator_for(trait["headers"], validate_formats=True)
    for name, message in document["components"]["messages"].items():
        meta.validate(message["payload"] | {"$schema": DRAFT})
        payload = validator_for(message["payload"], validate_formats=True)
        assert not [error.message for each in message["examples"] for error in payload.iter_errors(each["payload"])]
        assert not [error.message for each in message["examples"] for error in headers.iter_errors(each["headers"])]
        assert message["examples"], name


@pytest.mark.parametrize("fact_type", sorted(upcasts.UPCASTS))
def test_what_stays_on_the_topic_in_an_older_version_is_described_as_it_was_written(fact_type: str) -> None:
    messages = asyncapi(service_of(fact_type), "What for.")["components"]["messages"].values()
    (old,) = (each for each in messages if each["name"] == fact_type)
    assert old["payload"]["properties"]["type"]["enum"] == [fact_type]
    assert upcasts.current_type(fact_type) in old["summary"]
    served = schema_named(fact_type)
    assert served and served["$id"] == urn(fact_type)
    assert schema_named("crm.sales.nothing.v1") is schema_named("nothing") is None


@documents
def test_the_yaml_says_the_same(document: dict[str, Any]) -> None:
    text = to_yaml(document)
    assert yaml.safe_load(text) == document
    assert not re.search(r"[&*]id\d+", text)


def sealed(**more: Any) -> Sealed:
    """The fact whose headers the examples show."""
    shown = example_headers(TYPE)
    return Sealed(
        stream=UUID(shown["ce_subject"]),
        version=int(shown["ce_sequence"]),
        append_id=UUID(shown["ce_appendid"]),
        partition_key=UUID(shown["ce_partitionkey"]),
        occurred_at=datetime.fromisoformat(shown["ce_time"]),
        recorded_at=datetime.fromisoformat(shown["ce_recordedtime"]),
        actor=shown["ce_actor"],
        channel=shown["ce_channel"],
        correlation_id=shown["ce_correlationid"],
        type=shown["ce_type"],
        value=b"{}",
        **more,
    )


def written(fact: Sealed, hop: str | None = None) -> dict[str, str]:
    return {name: value.decode() for name, value in kafka.to_record(fact, hop).headers}


def test_the_headers_are_those_that_are_sent() -> None:
    shown = example_headers(TYPE)
    contacts, trace = (UUID(shown["ce_contactids"]),), shown["ce_traceparent"]
    place = {"position": Position(*map(int, shown["ce_position"].split(".")))}
    everything = sealed(contact_ids=contacts, traceparent=trace, causation_id="policy", **place)
    assert written(everything, trace).keys() == HEADERS.keys()
    assert written(sealed()).keys() == HEADERS.keys() - OPTIONAL
    assert written(sealed(contact_ids=contacts, traceparent=trace, **place)) == shown


def test_headers_are_valid_only_if_all_that_are_always_sent_are_there() -> None:
    validator = validator_for(headers_schema(), validate_formats=True)
    shown = example_headers(TYPE)
    assert validator.is_valid(written(sealed()))
    for name in HEADERS.keys() - OPTIONAL:
        assert not validator.is_valid({each: value for each, value in shown.items() if each != name})
    assert not validator.is_valid(shown | {"ce_sequence": "1"})


def test_it_tells_the_partitions_that_topics_are_declared_with() -> None:
    assert PARTITIONS == kafka.PARTITIONS
