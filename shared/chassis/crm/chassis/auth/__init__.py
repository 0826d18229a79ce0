"""Who may do what: tokens become agents (`verifier`), by roles (`roles`); endpoints ask for `permissions`."""

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.issuer import LocalIssuer
from crm.chassis.auth.permissions import CurrentAgent, Permission, allowed
from crm.chassis.auth.refusals import Forbidden, IssuerUnreachable, Unauthenticated
from crm.chassis.auth.roles import Roles, UnreadableRoles
from crm.chassis.auth.territory import EVERYWHERE, READ_ALL, RecordAccess, Territory, territory_of
from crm.chassis.auth.verifier import TokenVerifier

__all__ = [
    "EVERYWHERE",
    "READ_ALL",
    "Agent",
    "CurrentAgent",
    "Forbidden",
    "IssuerUnreachable",
    "LocalIssuer",
    "Permission",
    "RecordAccess",
    "Roles",
    "Territory",
    "TokenVerifier",
    "Unauthenticated",
    "UnreadableRoles",
    "allowed",
    "territory_of",
]
