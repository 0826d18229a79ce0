"""The request headers that our endpoints understand, as the API description shows them."""

from typing import Annotated, Literal, TypeAlias

from fastapi import Header

CORRELATION_ID = "X-Correlation-Id"

Channel: TypeAlias = Literal[
    "api", "web", "mobile", "portal", "form", "email", "phone", "chat", "sms", "whatsapp", "social",
    "letter", "in_person", "import",
]  # fmt: skip
"""How a request came in; facts remember it."""

ChannelHeader = Annotated[Channel | None, Header(alias="X-Channel", description="How the customer got in touch.")]
CorrelationHeader = Annotated[
    str | None,
    Header(
        alias=CORRELATION_ID,
        pattern=r"^[A-Za-z0-9._:-]{1,100}$",
        description="Ties together all that belongs to one matter; a new one is made if it is absent.",
    ),
]
IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="A key of your own, new for each new request: a repeated request is answered, not done again.",
    ),
]
ConsistencyHeader = Annotated[
    str | None,
    Header(
        alias="If-Consistent-With",
        pattern=r"^[a-z][a-z-]*/[0-9a-f-]{36}:[0-9]{1,18}(, *([a-z][a-z-]*/)?[0-9a-f-]{36}:[0-9]{1,18})*$",
        max_length=8_000,
        description="The Consistency-Token of a command: the answer shows what it wrote, or is 503 after two seconds.",
    ),
]
MatchHeader = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,18}"|[0-9]{1,18})$',
        description="The version (ETag) you have seen: 412 if the record has changed since.",
    ),
]
