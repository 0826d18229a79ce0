"""Read models and policies: facts in, rows and commands out.

Read `view` (what a view is), `query` (what it can be asked), `feed` and `batch` (how facts reach it), `loops` (what
runs), then `parking`, `rebuild`, `erasure` and `consistency`.
"""

from crm.chassis.paging import MalformedCursor, Page, PageRequest
from crm.chassis.projection.columns import Subject
from crm.chassis.projection.consistency import ViewConsistency
from crm.chassis.projection.delivery import Delivery, Malformed, Mark, Outcome
from crm.chassis.projection.feed import Feed, NotRunning
from crm.chassis.projection.health import lag_of
from crm.chassis.projection.loops import OwnLoop, TopicLoop
from crm.chassis.projection.opening import Opener
from crm.chassis.projection.query import Db, NoHistory
from crm.chassis.projection.rebuild import Past, Rebuilt, rebuild, unbuilt
from crm.chassis.projection.retrying import Retried, discard, retry
from crm.chassis.projection.standing import prepare, resume, sources_of, states
from crm.chassis.projection.subscriber import EVERYTHING, Follower, Subscriber
from crm.chassis.projection.view import View
from crm.chassis.projection.waking import Bell, teller_over

__all__ = [
    "EVERYTHING",
    "Bell",
    "Db",
    "Delivery",
    "Feed",
    "Follower",
    "Malformed",
    "MalformedCursor",
    "Mark",
    "NoHistory",
    "NotRunning",
    "Opener",
    "Outcome",
    "OwnLoop",
    "Page",
    "PageRequest",
    "Past",
    "Rebuilt",
    "Retried",
    "Subject",
    "Subscriber",
    "TopicLoop",
    "View",
    "ViewConsistency",
    "discard",
    "lag_of",
    "prepare",
    "rebuild",
    "resume",
    "retry",
    "sources_of",
    "states",
    "teller_over",
    "unbuilt",
]
