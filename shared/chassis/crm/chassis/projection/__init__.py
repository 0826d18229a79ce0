"""Read models and policies: facts in, rows and commands out.

Read `view` (what a view is), `query` (what it can be asked), `feed` and `batch` (how facts reach it), `loops` (what
runs), then `parking`, `rebuild`, `erasure` and `consistency`.
"""

from crm.chassis.paging import BadCursor, Page, PageRequest
from crm.chassis.projection.columns import Subject
from crm.chassis.projection.delivery import Delivery, Malformed, Mark, Outcome
from crm.chassis.projection.feed import Feed, NotRunning
from crm.chassis.projection.query import Db, NoHistory
from crm.chassis.projection.standing import prepare, resume, states
from crm.chassis.projection.subscriber import EVERYTHING, Follower, Subscriber
from crm.chassis.projection.view import View

__all__ = [
    "EVERYTHING",
    "BadCursor",
    "Db",
    "Delivery",
    "Feed",
    "Follower",
    "Malformed",
    "Mark",
    "NoHistory",
    "NotRunning",
    "Outcome",
    "Page",
    "PageRequest",
    "Subject",
    "Subscriber",
    "View",
    "prepare",
    "resume",
    "states",
]
