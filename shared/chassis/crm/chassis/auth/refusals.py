"""Why a request was not let in. The sentences never quote a token."""


class Unauthenticated(Exception):  # noqa: N818 (named as people speak)
    """There is no token, or it does not prove who asks (HTTP 401)."""

    def __init__(self, sentence: str, *, token_given: bool = True) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.token_given = token_given


class Forbidden(Exception):  # noqa: N818
    """The agent lacks a permission (HTTP 403)."""

    def __init__(self, permission: str, sentence: str | None = None) -> None:
        super().__init__(f"This needs the permission {permission}.")
        self.sentence = sentence or f"This needs the permission {permission}, which your token does not have."
        self.permission = permission


class IssuerUnreachable(Exception):  # noqa: N818
    """The issuer's keys cannot be fetched, so no token can be verified now (HTTP 503)."""
