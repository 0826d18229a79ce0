"""Who may do what: tokens become agents (`verifier`), by roles (`roles`); endpoints ask for `permissions`."""

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.issuer import LocalIssuer
from crm.chassis.auth.permissions import CurrentAgent, Permission, allowed
from crm.chassis.auth.refusals import Forbidden, IssuerUnreachable, Unauthenticated
from crm.chassis.auth.roles import Roles, UnreadableRoles
from crm.chassis.auth.verifier import TokenVerifier

__all__ = [
    "Agent",
    "CurrentAgent",
    "Forbidden",
    "IssuerUnreachable",
    "LocalIssuer",
    "Permission",
    "Roles",
    "TokenVerifier",
    "Unauthenticated",
    "UnreadableRoles",
    "allowed",
]
