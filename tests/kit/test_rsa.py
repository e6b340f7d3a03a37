"""RSA signatures: the field's own vectors, every spelling of a key, and texts that are none."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.kit.crypto.rsa import BadKey, check_private, check_public, is_signed, public_of, sign

FACTS = Path(__file__).parents[1] / "payments" / "vectors"


def private_pem(bits: int = 2048) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


PRIVATE = private_pem()
PUBLIC = public_of(PRIVATE)


def bare(pem: str) -> str:
    return "".join(pem.strip().splitlines()[1:-1])


@pytest.mark.parametrize("private", [PRIVATE, bare(PRIVATE), f"\n  {PRIVATE}\n"])
@pytest.mark.parametrize("public", [PUBLIC, bare(PUBLIC)])
def test_a_signature_is_known_by_every_spelling_of_its_key(private: str, public: str) -> None:
    assert is_signed(public, "签名 message".encode(), sign(private, "签名 message".encode()))
    assert not is_signed(public, b"another message", sign(private, "签名 message".encode()))


@pytest.mark.parametrize("name", ["alipay_request", "alipay_notify", "alipay_sync_response", "epay_v2_notify"])
def test_the_fields_own_vectors_hold(name: str) -> None:
    vector = json.loads((FACTS / "vectors.json").read_text())[name]
    public = (FACTS / "vectors_public_key.pem").read_text()

    assert is_signed(public, vector["message"].encode(), vector["rsa_sha256_b64"])
    assert not is_signed(public, vector["message"].encode() + b" ", vector["rsa_sha256_b64"])


@pytest.mark.parametrize("text", ["", "no key", bare(PUBLIC), PUBLIC, private_pem(1024)])
def test_what_is_no_strong_private_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        check_private(text)


def test_what_is_no_rsa_public_key_is_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    for text in ("", "no key", bare(PRIVATE), curve.public_bytes(serialization.Encoding.PEM, form).decode()):
        with pytest.raises(BadKey):
            check_public(text)


@pytest.mark.parametrize("signature", ["", "not base64!", "AAAA"])
def test_a_text_that_is_no_signature_signs_nothing(signature: str) -> None:
    assert not is_signed(PUBLIC, b"message", signature)
