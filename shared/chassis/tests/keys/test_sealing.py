"""The form of sealed values: what any JOSE library reads, and nothing that was changed."""

import json
import traceback
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe as jose
from joserfc.jwk import OctKey

from crm.chassis.keys import BrokenSeal
from crm.chassis.keys.jwe import SubjectKey, parse

SUBJECT = UUID("0b5c1b3e-7d0c-4a6e-9d6e-2f4f6c1d9a10")
KEY = bytes(range(32))
EVENT = f"{SUBJECT}:7"
key = SubjectKey(SUBJECT, KEY)


def opened(token: str) -> bytes:
    return key.open(parse(token))


HEADER = {"alg": "dir", "enc": "A256GCM", "kid": str(SUBJECT), "eid": EVENT}


@given(st.binary(max_size=400), st.text(max_size=60))
def test_what_was_sealed_opens(plaintext: bytes, event_id: str) -> None:
    token = parse(key.seal(event_id, plaintext))
    assert (token.subject, token.event_id, key.open(token)) == (SUBJECT, event_id, plaintext)


@given(st.binary(max_size=400))
def test_a_jose_library_opens_what_we_seal(plaintext: bytes) -> None:
    registry = jose.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)
    found = jose.decrypt_compact(key.seal(EVENT, plaintext), OctKey.import_key(KEY), registry=registry)
    assert (found.plaintext, found.protected) == (plaintext, HEADER)


@given(st.binary(max_size=400))
def test_we_open_what_a_jose_library_seals(plaintext: bytes) -> None:
    registry = jose.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)
    sealed = jose.encrypt_compact(HEADER, plaintext, OctKey.import_key(KEY), registry=registry)
    assert opened(sealed) == plaintext


@given(st.binary(max_size=40), st.data())
def test_a_changed_token_never_opens(plaintext: bytes, data: st.DataObject) -> None:
    token = key.seal(EVENT, plaintext)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(max_codepoint=300).filter(lambda each: each != token[place]))
    with pytest.raises(BrokenSeal):
        opened(token[:place] + other + token[place + 1 :])


def test_every_single_bit_of_a_token_counts() -> None:
    token = key.seal(EVENT, b"Ada").encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            with pytest.raises(BrokenSeal):
                opened(changed.decode("latin-1"))


def genuine(header: dict[str, Any], plaintext: bytes = b"Ada") -> str:
    """Sealed with the right key, whatever the header says."""
    protected, iv = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"="), bytes(12)
    sealed = AESGCM(KEY).encrypt(iv, plaintext, protected)
    parts = (urlsafe_b64encode(each).rstrip(b"=") for each in (b"", iv, sealed[:-16], sealed[-16:]))
    return b".".join([protected, *parts]).decode()


def test_members_of_the_header_that_we_do_not_know_are_no_harm() -> None:
    assert opened(genuine(HEADER | {"typ": "JWE"})) == b"Ada"


@pytest.mark.parametrize(
    "change",
    [
        {"enc": "A128GCM"},
        {"alg": "A256KW"},
        {"zip": "DEF"},
        {"crit": ["b64"], "b64": True},
        {"kid": "nobody"},
        {"alg": None},
    ],
)
def test_only_our_own_kind_of_seal_is_accepted(change: dict[str, Any]) -> None:
    with pytest.raises(BrokenSeal):
        opened(genuine(HEADER | change))


def test_a_wrapped_key_in_the_token_is_refused() -> None:
    protected, _, *rest = genuine(HEADER).split(".")
    with pytest.raises(BrokenSeal, match="`dir`"):
        opened(".".join([protected, "AAAA", *rest]))


def test_the_tag_cannot_be_moved_into_the_ciphertext_or_out_of_it() -> None:
    protected, _, iv, ciphertext, tag = genuine(HEADER).split(".")
    for parts in ([ciphertext[:-4], ciphertext[-4:] + tag], [ciphertext + tag[:4], tag[4:]]):
        with pytest.raises(BrokenSeal):
            opened(".".join([protected, "", iv, *parts]))


@pytest.mark.parametrize("plaintext", [b"1", b"22", b"333"])
def test_a_token_has_one_spelling(plaintext: bytes) -> None:
    token = next(each for each in iter(lambda: key.seal(EVENT, plaintext), "") if "-" in each and "_" in each)
    protected, _, iv, ciphertext, tag = token.split(".")
    for other in (token.replace("-", "+"), token.replace("_", "/"), token + "=", token + "==", token + "\n"):
        with pytest.raises(BrokenSeal):
            opened(other)
    for padding in ("=", "=="):
        with pytest.raises(BrokenSeal):
            opened(f"{protected}..{iv}.{ciphertext}{padding}.{tag}")


@pytest.mark.parametrize("token", ["", "....", "a.b.c.d.e", "no token", "e30....", "ä.b.c.d.e", "a.b.c", "a" * 5000])
def test_what_is_no_token_is_refused_with_a_sentence(token: str) -> None:
    with pytest.raises(BrokenSeal, match="not a sealed value"):
        parse(token)


@given(st.text(alphabet="abcXYZ019-_.=+/", max_size=80))
def test_anything_else_is_refused_the_same_way(token: str) -> None:
    with pytest.raises(BrokenSeal):
        opened(token)


def test_a_shortened_tag_is_refused() -> None:
    token = key.seal(EVENT, b"Ada")
    with pytest.raises(BrokenSeal):
        opened(token[:-6])


def test_another_event_s_header_does_not_open() -> None:
    header, *rest = key.seal(EVENT, b"Ada").split(".")
    other, *_ = key.seal(f"{SUBJECT}:8", b"Ada").split(".")
    assert header != other
    with pytest.raises(BrokenSeal, match=f"event {SUBJECT}:8"):
        opened(".".join([other, *rest]))


def test_another_subject_s_key_does_not_open() -> None:
    other = SubjectKey(uuid4(), bytes(32))
    with pytest.raises(BrokenSeal):
        other.open(parse(key.seal(EVENT, b"Ada")))


def test_nothing_is_sealed_twice_alike() -> None:
    assert len({parse(key.seal(EVENT, b"Ada")).iv for _ in range(1000)}) == 1000


def test_the_header_says_exactly_what_the_design_says() -> None:
    header = key.seal(EVENT, b"Ada").split(".")[0]
    assert json.loads(urlsafe_b64decode(header + "==")) == HEADER


def test_neither_the_key_nor_the_plaintext_shows_in_errors() -> None:
    token = key.seal(EVENT, b"Ada Lovelace")
    try:
        SubjectKey(SUBJECT, bytes(32)).open(parse(token))
    except BrokenSeal as error:
        shown = "".join(traceback.format_exception(error)) + repr(key)
    assert "Ada" not in shown and KEY.hex() not in shown and repr(KEY) not in shown
