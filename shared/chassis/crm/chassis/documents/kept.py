"""The schemas that are kept of every fact type, revision by revision. They travel with the published language.

Of an older version of a type nothing else is left. Its facts stay in the log and on the topic, and name its schema.
"""

import json
from functools import cache
from pathlib import Path

from crm import events
from crm.chassis.documents.schemas import JsonSchema, schema_of
from crm.events import catalogue, upcasts
from crm.events.fact import service_of

SCHEMAS = Path(events.__file__).parent / "schemas"
"""A folder per fact type: `1.schema.json` and `1.example.json`, `2.schema.json` …"""


def revisions(folder: Path) -> list[Path]:
    """The kept schemas of a fact type, oldest first."""
    return sorted(folder.glob("*.schema.json"), key=lambda path: int(path.name.split(".")[0]))


def older_types(service: str) -> list[str]:
    """The versions of a service's fact types that are no longer written."""
    return sorted(each for each in upcasts.UPCASTS if service_of(each) == service)


@cache
def kept_schema(fact_type: str) -> JsonSchema:
    """The last schema that a version had which is no longer written."""
    schema: JsonSchema = json.loads(revisions(SCHEMAS / fact_type)[-1].read_text("utf-8"))
    return schema


def schema_named(fact_type: str) -> JsonSchema | None:
    """The schema of a fact type in any version; None if there is no such type."""
    if fact_type in upcasts.UPCASTS:
        return kept_schema(fact_type)
    fact_class = catalogue.BY_TYPE.get(fact_type)
    return schema_of(fact_class) if fact_class else None
