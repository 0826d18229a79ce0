"""Who relays, and how far it is: a session lock picks one, an epoch fences whoever held it before."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from psycopg import Connection
from psycopg.types.json import Jsonb

from crm.chassis.database import connect
from crm.chassis.log.postgres import CHANNEL
from crm.chassis.relay.status import START
from crm.events import Position

SILENCE_S = 10.0
"""A leader that says nothing for so long (stopped, cut off) loses its session, and with it the lock."""

_LOCKS = 0x7265_6C61
"""The class of the advisory locks on relays."""

_LEAD = """
    INSERT INTO relay_position AS here (service, epoch) VALUES (%s, 1)
    ON CONFLICT (service) DO UPDATE SET epoch = here.epoch + 1, updated_at = now()
    RETURNING epoch, era, tx, number, topic_id, partitions, acked_offsets
"""
_SAVE = """
    UPDATE relay_position SET era = %(era)s, tx = %(tx)s, number = %(number)s, updated_at = now(),
        acked_offsets = acked_offsets || %(acked)s
    WHERE service = %(service)s AND epoch = %(epoch)s AND (era, tx, number) < (%(era)s, %(tx)s, %(number)s)
"""
_REMEMBER = """
    UPDATE relay_position SET topic_id = %s, partitions = %s, updated_at = now() WHERE service = %s AND epoch = %s
"""
_FURTHEST = """
    SELECT from_era, from_tx, from_number FROM relay_audit WHERE service = %s
    ORDER BY from_era DESC, from_tx DESC, from_number DESC LIMIT 1
"""


class Fenced(Exception):  # noqa: N818
    """Somebody else has led since, or had the log published again: what was to be saved is not saved."""


class Leadership:
    """The session of one relay: a candidate first, then the leader. One thread uses it.

    Raises `psycopg.OperationalError` from anything when the database is away.
    """

    def __init__(self, dsn: str, service: str, *, silence_s: float = SILENCE_S) -> None:
        self.service = service
        self.epoch = 0
        self.position = START
        self.topic_id: str | None = None
        self.partitions: int | None = None
        self.acked: dict[int, int] = {}
        """By partition, the highest offset that Kafka has acknowledged and that is saved."""
        self._session: Connection[Any] = connect(dsn, application=f"relay {service}")
        self._session.execute("SELECT set_config('idle_session_timeout', %s, false)", (str(int(silence_s * 1000)),))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives leadership up."""
        self._session.close()

    def take(self) -> bool:
        """Becomes the leader, unless another is. Earlier leaders are fenced from here on."""
        row = self._session.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCKS, self.service)).fetchone()
        if not (row and row[0]):
            return False
        self._session.execute(f"LISTEN {CHANNEL}".encode())
        row = self._session.execute(_LEAD, (self.service,)).fetchone()
        assert row
        self.epoch, self.position = row[0], Position(*row[1:4])
        self.topic_id, self.partitions = row[4:6]
        self.acked = {int(partition): offset for partition, offset in row[6].items()}
        return True

    def remember_topic(self, topic_id: str, partitions: int) -> None:
        """Records what the topic is, at the first start. Raises `Fenced`."""
        if self._session.execute(_REMEMBER, (topic_id, partitions, self.service, self.epoch)).rowcount != 1:
            raise Fenced(f"epoch {self.epoch} of the relay of {self.service} is over")
        self.topic_id, self.partitions = topic_id, partitions

    def published_before(self) -> Position:
        """Up to where facts had been published when somebody had them published again."""
        row = self._session.execute(_FURTHEST, (self.service,)).fetchone()
        return Position(*row) if row else START

    def save(self, position: Position, acked: Mapping[int, int]) -> None:
        """Moves the position forward, over facts that Kafka has acknowledged. Raises `Fenced`."""
        offsets = Jsonb({str(partition): offset for partition, offset in acked.items()})
        place = {"era": position.era, "tx": position.tx, "number": position.number, "acked": offsets}
        if self._session.execute(_SAVE, place | {"service": self.service, "epoch": self.epoch}).rowcount != 1:
            raise Fenced(f"epoch {self.epoch} of the relay of {self.service} is over")
        self.position = position
        self.acked.update(acked)

    def confirm(self) -> None:
        """Shows the server a sign of life, without writing. Raises `Fenced` if this epoch is over."""
        row = self._session.execute("SELECT epoch FROM relay_position WHERE service = %s", (self.service,)).fetchone()
        if row is None or row[0] != self.epoch:
            raise Fenced(f"epoch {self.epoch} of the relay of {self.service} is over")

    def wait(self, timeout_s: float) -> bool:
        """Sleeps until facts are announced; False if none were for so long."""
        return any(True for _ in self._session.notifies(timeout=timeout_s, stop_after=1))
