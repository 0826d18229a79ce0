"""The journal of destructions as JSON lines: kept beside the keyring's backups, and replayed after a restore."""

from collections.abc import Iterable, Iterator

import msgspec

from crm.chassis.keys.contract import Destruction

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Destruction)


def journal_lines(destructions: Iterable[Destruction]) -> Iterator[str]:
    """One line of JSON per destruction, without the line's end."""
    return (_encoder.encode(each).decode() for each in destructions)


def read_journal(lines: Iterable[str]) -> Iterator[Destruction]:
    """The destructions of a journal; empty lines are passed over. Raises `ValueError` naming a line that is none."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _destruction(number, line)


def _destruction(number: int, line: str) -> Destruction:
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        raise ValueError(
            f"Line {number} of the journal is not a destruction. Repair it before replaying: nobody may be left out."
        ) from None
