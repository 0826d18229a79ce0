"""Ticket numbers: what customers and agents call a ticket. They rise, and may have gaps."""

from importlib.resources import files

from crm.chassis.database import Database

MIGRATIONS = files("crm.service_desk") / "migrations"


def draw_number(database: Database) -> int:
    """The next number. Drawn before the command: one that decides nothing, or is a repeat, leaves a gap."""
    with database.connection() as connection:
        row = connection.execute("SELECT nextval('ticket_numbers')").fetchone()
    assert row
    return int(row[0])
