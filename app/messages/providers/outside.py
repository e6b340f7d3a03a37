"""The real parties, and where each is: at its own address, or at a simulator's."""

from collections.abc import Mapping

from app.messages.providers import aliyun, dingtalk, tencent, wechat, wecom
from app.messages.providers.base import Provider
from app.messages.providers.wechat_mini import WeChatMini
from app.messages.providers.wechat_template import WeChatTemplate

CHATS = "chats"  # one simulator stands for all three


def outside(addresses: Mapping[str, str]) -> dict[str, Provider]:
    """Return every party by name; `addresses` has those that are not where they usually are."""
    weixin, qyapi, oapi = (addresses.get(CHATS, party.REAL) for party in (wechat, wecom, dingtalk))
    parties: tuple[Provider, ...] = (
        aliyun.Aliyun(addresses.get("aliyun", aliyun.REAL)),
        tencent.Tencent(addresses.get("tencent", tencent.REAL)),
        WeChatTemplate(weixin),
        WeChatMini(weixin),
        wecom.WeComApp(qyapi),
        wecom.WeComRobot(qyapi),
        dingtalk.DingTalkApp(oapi),
        dingtalk.DingTalkRobot(oapi),
    )
    return {party.name: party for party in parties}
