"""An access package as JSON, written as it is read: 50,000 items take no more memory than ten."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

import msgspec

from crm.contacts.accessing.package import RIGHTS, Package
from crm.contacts.item import Item

_encode = msgspec.json.Encoder(decimal_format="string").encode


BLOCK = 65_536
"""Bytes sent at once: sending each item by itself takes longer than reading it."""


def write(package: Package, history: Iterable[Item]) -> Iterator[bytes]:
    """The document in blocks. `items` stands at its end: a document that was cut off has none."""
    block = bytearray()
    for piece in _pieces(package, history):
        block += piece
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _pieces(package: Package, history: Iterable[Item]) -> Iterator[bytes]:
    head = _encode(_head(package))
    yield head[:-1] + b',"history":['
    count = 0
    for item in history:
        yield (b",\n" if count else b"\n") + _encode(asdict(item))
        count += 1
    yield b'\n],"items":%d}\n' % count


def _head(package: Package) -> dict[str, object]:
    """Everything but the history; of a portable package what the person gave."""
    given = {
        "request": package.request_id,
        "kind": package.kind,
        "made_at": package.made_at,
        "contact_id": package.contact_id,
        "ids": package.ids,
        "profile": package.profile,
        "consents": package.consents,
    }
    if package.kind == "portability":
        return given
    return given | {
        "keys": package.keys,
        "requests": package.requests,
        "sources": package.sources,
        "recipients": package.recipients,
        "rights": RIGHTS,
        "counts": [asdict(each) for each in package.counts],
        "facts": package.total,
        "complete": package.complete,
    }
