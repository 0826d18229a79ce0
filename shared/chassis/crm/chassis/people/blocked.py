"""Identifiers that name nobody in particular. They are kept as entered, but never claimed and never matched (C3)."""

BLOCKED_LOCAL_PARTS = frozenset(
    {
        "abuse",
        "anonymous",
        "bounce",
        "bounces",
        "devnull",
        "do-not-reply",
        "do.not.reply",
        "do_not_reply",
        "donotreply",
        "mailer-daemon",
        "no-reply",
        "no.reply",
        "no_reply",
        "nobody",
        "noreply",
        "null",
        "postmaster",
        "undefined",
        "unknown",
    }
)
"""E-mail addresses with such a local part are nobody's own."""

BLOCKED_VALUES = frozenset(
    {
        "",
        "-",
        "0",
        "[object object]",
        "anonymous",
        "distinct_id",
        "email",
        "false",
        "guest",
        "id",
        "n/a",
        "nan",
        "nil",
        "none",
        "not_authenticated",
        "null",
        "test",
        "true",
        "undefined",
        "unknown",
    }
)
"""What programs send when they do not know; compared in lower case."""
