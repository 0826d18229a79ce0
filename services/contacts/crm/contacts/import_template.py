"""Import templates: which header fills which field, saved under a name. No personal data."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate
from crm.chassis.projection import Db, Page, PageRequest, View
from crm.contacts.importing.columns import check_fields
from crm.events import Recorded
from crm.events.imports import ImportTemplateFact, ImportTemplateSaved, OnMatch, RowKind

_TEMPLATES = UUID("6a8d4f0f-3f0e-4a86-9c55-8d4be0f3a2c7")


class ImportTemplate(Struct, frozen=True):
    """How files with the same headers are imported."""

    name: str
    kind: RowKind
    mapping: dict[str, str]
    key: str
    on_match: OnMatch


def template_stream(name: str) -> UUID:
    """Where a template is recorded; its name in any case."""
    return uuid5(_TEMPLATES, name.casefold())


def save_template(
    template: ImportTemplate | None,
    *,
    name: str,
    kind: RowKind,
    mapping: dict[str, str],
    key: str = "any",
    on_match: OnMatch = "skip",
) -> ImportTemplateSaved | None:
    """Saves a template, or what it is from now on. Raises `Rejected` for fields that do not exist."""
    check_fields(mapping, kind)
    if template == ImportTemplate(name, kind, mapping, key, on_match):
        return None
    return ImportTemplateSaved(name=name, kind=kind, mapping=mapping, key=key, on_match=on_match)


def evolve(_: ImportTemplate | None, fact: ImportTemplateFact) -> ImportTemplate:
    return ImportTemplate(fact.name, fact.kind, fact.mapping, fact.key, fact.on_match)


import_templates = Aggregate("import template", ImportTemplateFact, evolve, about=None)


@dataclass(frozen=True)
class TemplateRow:
    """A template in a list."""

    id: UUID
    name: str
    kind: str
    mapping: dict[str, Any]
    key: str
    on_match: str


import_template_list = View("import_templates", TemplateRow, key="id", indexes=("name, id",))


@import_template_list.on(ImportTemplateSaved)
def save(_: TemplateRow | None, e: Recorded[ImportTemplateSaved]) -> TemplateRow:
    f = e.fact
    return TemplateRow(e.stream, f.name, f.kind, f.mapping, f.key, f.on_match)


def find(db: Db, page: PageRequest) -> Page[TemplateRow]:
    """The templates, by name."""
    return import_template_list.page(db, order_by="name", page=page)
