"""The proof of a consent as a document that a data protection officer can file. The same proof, the same bytes."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import typst

from crm.contacts.consent_proof import NOT_ON_FILE, Proof

_TEMPLATE = files("crm.contacts") / "consent_proof.typ"


def as_pdf(proof: Proof, fonts: Sequence[Path] = ()) -> bytes:
    """The document, as PDF/A, as old as its last fact whenever it is made. `fonts` are folders of further fonts.

    Where a letter is in none of the fonts the archival standard cannot be kept, and a box stands for the letter.
    """
    typeset: dict[str, Any] = {
        "format": "pdf",
        "sys_inputs": _inputs(proof),
        "font_paths": typst.Fonts(include_system_fonts=False, font_paths=list(fonts)),
        "timestamp": int(proof.chain[-1].recorded_at.timestamp()),
    }
    with suppress(typst.TypstError):
        return bytes(typst.compile(_TEMPLATE.read_bytes(), pdf_standards=["a-2b"], **typeset))
    return bytes(typst.compile(_TEMPLATE.read_bytes(), **typeset))


def _inputs(proof: Proof) -> dict[str, str]:
    values = {**asdict(proof), "text_on_file": proof.text != NOT_ON_FILE}
    return {"proof": msgspec.json.encode(values).decode()}
