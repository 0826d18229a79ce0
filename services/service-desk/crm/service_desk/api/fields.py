"""The fields that request bodies of the desk have in common."""

from typing import Annotated, TypeAlias

from pydantic import StringConstraints

Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
QueueName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
AgentName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""How the tokens of an agent name them: their subject."""
