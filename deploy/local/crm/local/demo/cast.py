"""Who plays in the story, and what it has come to so far."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm.local.demo.calls import Voice

NAME, EMAIL, PHONE = "Inès Moreau", "ines.moreau@atelier-moreau.example", "+33 6 39 98 41 07"
INTEREST = "Twelve cargo bikes for our workshop in Lyon"


@dataclass(frozen=True)
class Cast:
    """Who plays: the form on the shop's web site, and three colleagues."""

    form: Voice
    marketing: Voice
    sales: Voice
    desk: Voice
    mails: Path
    """The folder where every mail ends."""


@dataclass
class Tale:
    """What the story has come to so far."""

    contact: str = ""
    seen: list[str] = field(default_factory=list)
    """Tokens of all that was written about the person."""
    mails: list[str] = field(default_factory=list)
    """Tokens of all mails of the campaign."""

    def note(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.seen.append(answer["token"])
        return answer
