"""The proof of a consent as a document that a data protection officer can file. The same proof, the same bytes."""

from dataclasses import asdict
from importlib.resources import files

import msgspec
import typst

from crm.contacts.consent_proof import NOT_ON_FILE, Proof

_TEMPLATE = files("crm.contacts") / "consent_proof.typ"


def as_pdf(proof: Proof) -> bytes:
    """The document, as PDF/A. It is as old as its last fact, whenever it is made."""
    made_at = int(proof.chain[-1].recorded_at.timestamp())
    return typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs=_inputs(proof),
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],
        timestamp=made_at,
    )


def _inputs(proof: Proof) -> dict[str, str]:
    values = {**asdict(proof), "text_on_file": proof.text != NOT_ON_FILE}
    return {"proof": msgspec.json.encode(values).decode()}
