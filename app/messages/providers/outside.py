"""The real parties, and where each is: at its own address, or at a simulator's."""

from collections.abc import Mapping

from app.messages.providers import aliyun, tencent
from app.messages.providers.base import Provider


def outside(addresses: Mapping[str, str]) -> dict[str, Provider]:
    """Return every party by name; `addresses` has those that are not where they usually are."""
    return {
        "aliyun": aliyun.Aliyun(addresses.get("aliyun", aliyun.REAL)),
        "tencent": tencent.Tencent(addresses.get("tencent", tencent.REAL)),
    }
