"""HTTP: everything around an endpoint, so that an endpoint says only what it is for.

Read `app` (what a service declares), `endpoint` (what every endpoint does), `asking` and `reading` (what it takes),
`answers` (what it gives), `visible` (what of it is shown to whom), `refusing` (which problem each refusal becomes),
`consistency` (read-your-writes).
"""

from crm.chassis.http.answers import Caution, Created, Noted, NotedAnswer, Versioned, WrittenAnswer
from crm.chassis.http.app import Api, Misdeclared, create_app, endpoints, unguarded
from crm.chassis.http.asking import IfMatch, Log, PublicLog, Streams, part
from crm.chassis.http.broadcaster import Broadcaster
from crm.chassis.http.consistency import Consistency, StreamVersion, Waiter, parse_token
from crm.chassis.http.endpoint import Endpoint, Router
from crm.chassis.http.headers import Channel
from crm.chassis.http.news import News, Newsfeed
from crm.chassis.http.operations import Documents
from crm.chassis.http.problems import FieldError, Kind, Problem, invalid, retry_later
from crm.chassis.http.reading import NamedView, PageQuery, ReadModel, Tables, reads
from crm.chassis.http.server import ServerFailed, serve
from crm.chassis.http.visible import hiding
from crm.chassis.log import Written
from crm.chassis.paging import MalformedCursor, Page, PageRequest

__all__ = [
    "Api",
    "Broadcaster",
    "Caution",
    "Channel",
    "Consistency",
    "Created",
    "Documents",
    "Endpoint",
    "FieldError",
    "IfMatch",
    "Kind",
    "Log",
    "MalformedCursor",
    "Misdeclared",
    "NamedView",
    "News",
    "Newsfeed",
    "Noted",
    "NotedAnswer",
    "Page",
    "PageQuery",
    "PageRequest",
    "Problem",
    "PublicLog",
    "ReadModel",
    "Router",
    "ServerFailed",
    "StreamVersion",
    "Streams",
    "Tables",
    "Versioned",
    "Waiter",
    "Written",
    "WrittenAnswer",
    "create_app",
    "endpoints",
    "hiding",
    "invalid",
    "parse_token",
    "part",
    "reads",
    "retry_later",
    "serve",
    "unguarded",
]
