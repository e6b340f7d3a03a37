"""The bill of a day: asked for, fetched from where WeChat says, unpacked and compared with its digest."""

import hashlib
import hmac
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.kit.effects import Answer, Done, Refused, Temporary
from app.kit.http import Interrupted, Unreachable
from app.payments.providers.base import Forged
from app.payments.providers.wechat.line import Line, Said

LARGEST_PACKED, LARGEST = 16 * 1024 * 1024, 128 * 1024 * 1024
NOT_YET = ("STATEMENT_CREATING",)
NOTHING = ("NO_STATEMENT_EXIST",)  # no payment on that day


def fetch_bill(line: Line, day: date) -> Answer:
    """Return the day's trade bill: Done(CSV bytes, whole), empty where nothing was paid that day."""
    asked = {"bill_date": day.isoformat(), "bill_type": "ALL", "tar_type": "GZIP"}
    answer = line.ask(f"/v3/bill/tradebill?{urlencode(asked)}", _read)
    return _fetched(line, answer.value) if isinstance(answer, Done) and answer.value else answer


def _read(said: Said) -> Answer:
    if said.code in NOTHING:
        return Done(b"")
    if said.code in NOT_YET:
        return Temporary("not made yet; bills are ready after ten in the morning")
    return Refused(said.reason) if said.code else Done(said.content)


def _fetched(line: Line, where: Mapping[str, Any]) -> Answer:
    try:
        response = line.fetch(_path(line, str(where.get("download_url", ""))), largest=LARGEST_PACKED)
        if response.status != 200:
            return Temporary(f"status {response.status}")
        bill = _unpacked(response.body)
    except (Unreachable, Interrupted, Forged) as error:
        return Temporary(str(error))
    digest = hashlib.sha1(bill, usedforsecurity=False).hexdigest()  # theirs; the way there is TLS
    if where.get("hash_type") != "SHA1" or not hmac.compare_digest(digest, str(where.get("hash_value", "")).lower()):
        return Temporary("the bill is not whole")
    return Done(bill)


def _path(line: Line, url: str) -> str:
    """Return the path of a download on the host we talk to; keys go nowhere else."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != line.address:
        raise Forged("the bill lies elsewhere")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        bill = unpacker.decompress(packed, LARGEST)
    except zlib.error as error:
        raise Forged("not packed as agreed") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise Forged("too large, or not whole")
    return bill
