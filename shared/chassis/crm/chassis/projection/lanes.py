"""A lane: one feed of a loop, with its patience. One that fails for the moment waits; the others go on."""

import logging
import random
import time
from collections.abc import Callable, Sequence

from crm.chassis.projection.delivery import Delivery, Outcome
from crm.chassis.projection.failures import is_transient, kind, where
from crm.chassis.projection.feed import Feed, NotRunning
from crm.chassis.projection.pace import Pace
from crm.chassis.projection.places import Overtaken

FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 15.0
STOPPED_DELAY_S = 1.0
"""How often a stopped subscriber is looked at, to see whether people resumed it."""
BATCH_S = 0.5
"""How long a batch should take at most; a write transaction never lasts a second."""
LARGEST_BATCH = 1_000
FIRST_ACTING_BATCH = 25
"""What a policy takes at first: one that sends mails takes its time, and the views beside it wait meanwhile."""

Observe = Callable[[Outcome], None]

_log = logging.getLogger("crm.projection")


class Lane:
    """Feeds batches and decides when to try again."""

    def __init__(self, feed: Feed, observe: Observe | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.feed = feed
        self._pace = Pace(LARGEST_BATCH, BATCH_S, first=FIRST_ACTING_BATCH if feed.subscriber.acts else None)
        self.is_open = False
        self._observe = observe
        self._clock = clock
        self._retry_at = 0.0
        self._delay_s = FIRST_DELAY_S

    @property
    def limit(self) -> int:
        """How many facts the next batch should have at most."""
        return self._pace.limit

    @property
    def is_due(self) -> bool:
        """Whether this feed may be tried now; opens it if need be."""
        return self._clock() >= self._retry_at and (self.is_open or self._opened())

    def _opened(self) -> bool:
        try:
            self.feed.open()
        except NotRunning:
            self._retry_at = self._clock() + STOPPED_DELAY_S
        except Exception as error:
            if not is_transient(error):
                raise
            self._wait(error)
        else:
            self.is_open = True
        return self.is_open

    def take(self, facts: Sequence[Delivery]) -> bool:
        """Takes a batch. False: not now; the same facts come again, unless `is_open` is False: then from its marks."""
        try:
            outcome = self.feed.take(facts)
        except Overtaken:
            self.is_open = False
        except NotRunning as stopped:
            _log.error("%s", stopped)
            self.is_open = False
            self._retry_at = self._clock() + STOPPED_DELAY_S
        except Exception as error:
            if not is_transient(error):
                raise
            self._wait(error)
        else:
            self._done(outcome)
            return True
        return False

    def _done(self, outcome: Outcome) -> None:
        self._delay_s = FIRST_DELAY_S
        self._pace.took(outcome)
        if self._observe:
            self._observe(outcome)

    def _wait(self, error: Exception) -> None:
        _log.warning("%s tries again: %s at %s", self.feed.subscriber.name, kind(error), where(error))
        self._retry_at = self._clock() + self._delay_s * random.uniform(0.5, 1.0)
        self._delay_s = min(self._delay_s * 2, LONGEST_DELAY_S)
