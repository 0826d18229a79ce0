"""What happens by itself when a request is completed: who asked for it is not processed any more (C13)."""

from functools import partial

from crm.chassis.keys import Destroyed
from crm.chassis.log import Commands
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.lookup import find_erased
from crm.contacts.objection import objection_stream, objections, raise_objection
from crm.contacts.subject_request import subject_requests
from crm.events import Recorded
from crm.events.requests import SubjectRequestCompleted

honouring = Policy("honouring")


@honouring.whenever(SubjectRequestCompleted)
def restrict(e: Recorded[SubjectRequestCompleted], do: Commands, runtime: Runtime) -> None:
    """A restriction (article 18) and an objection (article 21) stop all that is not necessary, until taken back."""
    request = runtime.log.get(subject_requests, e.stream).state
    if request.kind not in ("restrict", "object"):
        return
    contact = find_erased(runtime.log, request.contact).contact_id
    command = partial(raise_objection, contact=contact, objection="do_not_process", source=f"request:{e.stream}")
    try:
        do(objections, objection_stream(contact, "do_not_process"), command)
    except Destroyed:
        return  # who was erased is not processed at all
