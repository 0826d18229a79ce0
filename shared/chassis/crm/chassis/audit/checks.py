"""The invariants, each as queries that find what violates it. No row means: it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One way an invariant can be violated. The query yields (service, id) for each case."""

    invariant: str
    sentence: str
    query: str
    of_caught_up: bool = False
    """Judged only where the history has caught up: what it has not read yet is not missing."""


CHECKS = (
    Check(
        "I1",
        "a fact is in the log, the relay has passed it, and Kafka does not have it",
        """SELECT f.service, f.stream || ':' || f.version FROM facts f LEFT JOIN records r
             ON r.service = f.service AND r.stream = f.stream AND r.version = f.version AND r.append = f.append
           WHERE f.published AND r.stream IS NULL ORDER BY 1, 2""",
    ),
    Check(
        "I1",
        "a record is on Kafka, and the log does not have its fact",
        """SELECT r.service, r.stream || ':' || r.version FROM records r LEFT JOIN facts f
             ON r.service = f.service AND r.stream = f.stream AND r.version = f.version AND r.append = f.append
           WHERE f.stream IS NULL ORDER BY 1, 2""",
    ),
    Check(
        "I1",
        "a stream has a hole: fewer facts than its highest version",
        "SELECT service, stream FROM facts GROUP BY 1, 2 HAVING count(*) <> max(version) ORDER BY 1, 2",
    ),
    Check(
        "I2",
        "a view has applied another version of a stream than its checkpoint says",
        """SELECT e.place || '/' || e.name, e.stream FROM (
             SELECT n.place, n.name, n.feed, n.late, f.stream, max(f.version) AS version
             FROM feeds n JOIN marks m ON m.place = n.place AND m.feed = n.feed
             JOIN facts f ON f.service = n.source AND (f.era, f.tx, f.number) <= (m.era, m.tx, m.number)
             WHERE n.source = n.place AND n.state = 'running' GROUP BY 1, 2, 3, 4, 5) e
           LEFT JOIN applied a ON a.place = e.place AND a.feed = e.feed AND a.stream = e.stream
           WHERE coalesce(a.version, CASE WHEN e.late THEN e.version ELSE 0 END) <> e.version
             AND NOT coalesce(a.blocked, 0)
           ORDER BY 1, 2""",
    ),
    Check(
        "I2",
        "a view has applied another version of a foreign stream than its offsets say",
        """SELECT e.place || '/' || e.name, e.stream FROM (
             SELECT n.place, n.name, n.feed, n.late, r.stream, max(r.version) AS version
             FROM feeds n JOIN marks m ON m.place = n.place AND m.feed = n.feed
             JOIN records r ON r.service = n.source AND r.part = m.shard AND r.off < m.number
             WHERE n.source <> n.place AND n.state = 'running' GROUP BY 1, 2, 3, 4, 5) e
           LEFT JOIN applied a ON a.place = e.place AND a.feed = e.feed AND a.stream = e.stream
           WHERE coalesce(a.version, CASE WHEN e.late THEN e.version ELSE 0 END) <> e.version
             AND NOT coalesce(a.blocked, 0)
           ORDER BY 1, 2""",
    ),
    Check(
        "I3",
        "a later version of a stream stands before an earlier one in the log",
        """SELECT service, stream || ':' || version FROM (
             SELECT service, stream, version, era, tx, number,
               lag(era) OVER w AS era_before, lag(tx) OVER w AS tx_before, lag(number) OVER w AS number_before
             FROM facts WINDOW w AS (PARTITION BY service, stream ORDER BY version))
           WHERE (era, tx, number) <= (era_before, tx_before, number_before) ORDER BY 1, 2""",
    ),
    Check(
        "I3",
        "a stream changed its key",
        """SELECT service, stream FROM (
             SELECT service, stream, key FROM facts UNION SELECT service, stream, key FROM records)
           GROUP BY 1, 2 HAVING count(DISTINCT key) > 1 ORDER BY 1, 2""",
    ),
    Check(
        "I3",
        "a version of a stream was jumped over on Kafka",
        """SELECT service, stream || ':' || version FROM (
             SELECT service, stream, version, coalesce(max(version) OVER (PARTITION BY service, stream
               ORDER BY part, off ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM records)
           WHERE version > before + 1 ORDER BY 1, 2""",
    ),
    Check(
        "I4",
        "the facts of one append are not adjacent in the log",
        """SELECT service, append FROM (
             SELECT service, append, row_number() OVER (PARTITION BY service ORDER BY era, tx, number) AS place
             FROM facts)
           GROUP BY 1, 2 HAVING max(place) - min(place) + 1 <> count(*) ORDER BY 1, 2""",
    ),
    Check(
        "I5",
        "a position went back",
        """SELECT place, name || '/' || shard FROM high_water
           WHERE (now_era, now_tx, now_number) < (era, tx, number) ORDER BY 1, 2""",
    ),
    Check(
        "I7",
        "a view has consumed facts that are neither applied, repeated, parked nor queued",
        """SELECT n.place || '/' || n.name, n.source || '/' || m.shard FROM marks m JOIN feeds n
             ON n.place = m.place AND n.feed = m.feed
           WHERE m.consumed <> m.applied + m.repeats + m.waiting ORDER BY 1, 2""",
    ),
    Check(
        "I10",
        "the topic has another number of partitions than at its first start",
        "SELECT service, recorded || ' recorded, ' || actual || ' now' FROM partitions WHERE recorded <> actual",
    ),
    Check(
        "I12",
        "a fact is about a contact and not in its timeline",
        """SELECT a.contact, a.service || '/' || a.stream || ':' || a.version FROM about a LEFT JOIN items i
             ON i.contact = a.contact AND i.service = a.service AND i.stream = a.stream AND i.version = a.version
           WHERE a.published AND i.contact IS NULL ORDER BY 1, 2""",
        of_caught_up=True,
    ),
    Check(
        "I12",
        "a timeline has an item whose fact is not about that contact",
        """SELECT i.contact, i.service || '/' || i.stream || ':' || i.version FROM items i LEFT JOIN about a
             ON i.contact = a.contact AND i.service = a.service AND i.stream = a.stream AND i.version = a.version
           WHERE a.contact IS NULL ORDER BY 1, 2""",
    ),
)
