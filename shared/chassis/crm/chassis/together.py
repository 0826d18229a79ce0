"""Several loops in one process: they live and end together."""

import threading
from collections.abc import Callable, Mapping

Job = Callable[[], None]


def run_together(jobs: Mapping[str, Job], stop: threading.Event) -> None:
    """Runs every job in a thread of its own until all have returned. The first that raises stops the others.

    Raises what it raised. A job that returns lets the others go on.
    """
    failures: list[BaseException] = []

    def live(job: Job) -> None:
        try:
            job()
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    threads = [threading.Thread(target=live, args=(job,), name=name) for name, job in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
