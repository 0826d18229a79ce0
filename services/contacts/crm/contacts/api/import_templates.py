"""Import templates: mappings saved under a name, to be used again."""

from functools import partial
from typing import Annotated

from fastapi import Path

from crm.chassis.http import IfMatch, Log, Page, PageQuery, ReadModel, Router, Streams, Versioned, Written, reads
from crm.contacts import import_template
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.api.import_bodies import CanImport, SaveTemplate
from crm.contacts.import_template import import_template_list, import_templates, save_template, template_stream

router = Router(prefix="/import-templates", tags=["imports"])

TemplateName = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]


@router.put("/{name}")
def put_template(name: TemplateName, body: SaveTemplate, log: Log, agent: CanImport, expected: IfMatch) -> Written:
    """Saves a mapping under a name; the same name in any case is the same template."""
    command = partial(
        save_template, name=name, kind=body.kind, mapping=body.mapping, key=body.key, on_match=body.on_match
    )
    return log.execute(import_templates, template_stream(name), command, expected)


@router.get("/{name}")
def get_template(
    name: TemplateName, streams: Streams, agent: CanReadContacts
) -> Versioned[import_template.TemplateRow]:
    """A saved mapping."""
    stream = template_stream(name)
    folded = streams.get(import_templates, stream)
    t = folded.state
    row = import_template.TemplateRow(stream, t.name, t.kind, t.mapping, t.key, t.on_match)
    return Versioned(row, folded.version, folded.token)


@router.get("", dependencies=[reads(import_template_list)])
def get_templates(page: PageQuery, db: ReadModel, agent: CanReadContacts) -> Page[import_template.TemplateRow]:
    """The saved mappings, by name."""
    return import_template.find(db, page)
