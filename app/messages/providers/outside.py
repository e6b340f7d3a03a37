"""The real parties, and where each is: at its own address, or at a simulator's."""

from collections.abc import Mapping

from app.messages.providers import aliyun, tencent
from app.messages.providers.base import Provider


def outside(addresses: Mapping[str, str]) -> dict[str, Provider]:
    """Return every party by name; `addresses` has those that are not where they usually are."""
    sms = addresses.get("sms", "")  # one simulator stands for both vendors
    parties: tuple[Provider, ...] = (aliyun.Aliyun(sms or aliyun.URL), tencent.Tencent(sms or tencent.URL))
    return {party.name: party for party in parties}
