"""Facts reach the rows once each, in order, together with the place they were read to (I2, I3)."""

from uuid import uuid4

from crm.chassis.database import Database
from crm.chassis.testing.views import Records, from_log
from crm.chassis.testing.shelf import Book, BookAdded, BookBurnt, BookLent, BookLost, a_shelf, feed_of, rows_of


def test_facts_become_rows(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    dune, emma = uuid4(), uuid4()
    records.record(dune, BookAdded("Dune", "Ada"), BookLent(uuid4(), "soon"))
    records.record(emma, BookAdded("Emma"))
    records.record(dune, BookLent(uuid4(), "later"), BookBurnt())
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert (outcome.consumed, outcome.applied) == (5, 5)
    assert rows_of(db, shelf) == {
        dune: Book(dune, "Dune", dune, "Ada", 2, ["soon", "later"]),
        emma: Book(emma, "Emma", emma, None, 0, []),
    }
    records.record(dune, BookLost())
    feed_of(db, records, shelf).take(from_log(records.log[-1:]))
    assert set(rows_of(db, shelf)) == {emma}
