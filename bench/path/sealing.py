"""The personal part of a fact: a JWE of 150 bytes, made and opened, beside the libraries that do the same."""

import os
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

from bench.path.lines import MICROSECONDS, Line, Run, interleaved
from bench.path.peers import jose
from bench.path.stage import Stage
from crm.chassis.keys.jwe import KEY_BYTES, SubjectKey, parse

PLAINTEXT = bytes(range(48, 123)) * 2
EVENT = "6f2c1f0e-0000-4000-8000-000000000001:1"
CALLS = 2_000


def lines(stage: Stage) -> list[Line]:
    """Sealing and opening, in microseconds of one core."""
    key, subject = os.urandom(KEY_BYTES), UUID(int=7)
    ours = SubjectKey(subject, key)
    token = ours.seal(EVENT, PLAINTEXT)
    sealing = {
        "rapport": partial(_time, lambda: ours.seal(EVENT, PLAINTEXT)),
        "joserfc": partial(_time, jose.joserfc_seal(key, PLAINTEXT, str(subject), EVENT)),
        "jwcrypto": partial(_time, jose.jwcrypto_seal(key, PLAINTEXT, str(subject), EVENT)),
    }
    opening = {
        "rapport": partial(_time, lambda: ours.open(parse(token))),
        "joserfc": partial(_time, jose.joserfc_open(key, token)),
        "jwcrypto": partial(_time, jose.jwcrypto_open(key, token)),
    }
    made = []
    for name, contestants, goal in (("encrypt", sealing, 10.0), ("decrypt", opening, 15.0)):
        ours_made, *others = interleaved(stage.size.rounds * 3, contestants).values()
        made.append(Line(f"personal part: {name} 150 B", MICROSECONDS, ours_made, goal, peers=tuple(others)))
    return made


def _time(work: Callable[[], object]) -> Run:
    """CPU time of one call: what others do on the machine meanwhile does not count."""
    began = time.process_time()
    for _ in range(CALLS):
        work()
    return Run((time.process_time() - began) / CALLS * 1e6)
