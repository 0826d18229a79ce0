"""The contacts service: its declaration. Written once, read first."""

from importlib.resources import files

from crm.chassis.log import ClaimFacts
from crm.chassis.service import Service
from crm.chassis.timers import Timer
from crm.contacts.account import accounts
from crm.contacts.account_list import account_list
from crm.contacts.affiliation import affiliations
from crm.contacts.api import PUBLIC, routers
from crm.contacts.attribute import definitions
from crm.contacts.belonging import belonging
from crm.contacts.borrowers import borrowers
from crm.contacts.consent import CONSENT_EXPIRY, REQUEST_EXPIRY, consents, expire
from crm.contacts.contact import contacts
from crm.contacts.directory import directory
from crm.contacts.double_opt_in import expire_request
from crm.contacts.duplicates.deciding import deciding
from crm.contacts.duplicates.match_keys import match_keys
from crm.contacts.duplicates.queue import duplicates
from crm.contacts.duplicates.role import find_duplicates
from crm.contacts.duplicates.scan_job import scans
from crm.contacts.erasing import erasing
from crm.contacts.erasure import erasures
from crm.contacts.erasure_list import erasure_list
from crm.contacts.erasures import measure
from crm.contacts.history import history
from crm.contacts.holding import expire_holds, held_values
from crm.contacts.honouring import honouring
from crm.contacts.import_job import imports
from crm.contacts.import_report import import_report
from crm.contacts.import_row import import_rows
from crm.contacts.import_template import import_template_list, import_templates
from crm.contacts.importing.worker import work_off_imports
from crm.contacts.interaction import interactions
from crm.contacts.legal_hold import HOLD_EXPIRY
from crm.contacts.merge_case import merge_cases
from crm.contacts.objection import objections
from crm.contacts.reassigned import reassigned
from crm.contacts.reassignment import reassignments
from crm.contacts.registering import registering
from crm.contacts.request_list import request_list
from crm.contacts.subject_request import OVERDUE, REMINDER, note_overdue, remind, subject_requests
from crm.contacts.views import aliases, permissions
from crm.contacts.withdrawing import withdrawing
from crm.contacts.wording import wordings
from crm.contacts.wording_list import wording_list
from crm.events.contacts import ErasureAcknowledged
from crm.events.identifiers import IdentifierClaimed, IdentifierReleased, IdentifierTombstoned

service = Service(
    "contacts",
    purpose="Who customers are, what they allow, and the one history of everything that happened with them.",
    aggregates=(
        *(contacts, interactions, reassignments),
        *(consents, objections, wordings),
        *(subject_requests, erasures, held_values),
        *(accounts, affiliations, definitions),
        *(merge_cases, scans),
        *(imports, import_rows, import_templates),
    ),
    claim_facts=ClaimFacts(IdentifierClaimed, IdentifierReleased, IdentifierTombstoned),
    views=(
        *(directory, aliases, borrowers, reassigned),
        *(history,),  # folds every service's facts
        *(permissions, wording_list),
        *(request_list, erasure_list),
        *(account_list, belonging),
        *(match_keys, duplicates),
        *(import_report, import_template_list),
    ),
    policies=(
        registering,
        withdrawing,
        erasing,
        deciding,
        honouring,
    ),
    timers=(
        *(Timer(CONSENT_EXPIRY, consents, expire), Timer(REQUEST_EXPIRY, consents, expire_request)),
        *(Timer(REMINDER, subject_requests, remind), Timer(OVERDUE, subject_requests, note_overdue)),
        *(Timer(HOLD_EXPIRY, contacts, expire_holds),),
    ),
    measures=(measure,),
    routers=routers,
    public=PUBLIC,
    roles={"imports": work_off_imports, "duplicates": find_duplicates},
    migrations=(files("crm.contacts") / "migrations",),
    erasure_acknowledged=ErasureAcknowledged,
)
