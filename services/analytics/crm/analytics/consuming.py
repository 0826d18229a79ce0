"""A Faust app that only consumes."""

import faust
from faust.app.base import BootStrategy


class _ConsumerOnly(BootStrategy):
    enable_kafka_producer = False
    enable_web = False
    enable_sensors = False


class ConsumingApp(faust.App):
    """Has no producer, web server or sensors, and makes no folders where it is started: it has no tables to keep."""

    BootStrategy = _ConsumerOnly

    async def on_first_start(self) -> None:
        """Faust would make the folders here."""
