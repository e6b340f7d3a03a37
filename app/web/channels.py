"""The channels by which buyers are told, in words: the same in the shop and in the office."""

from collections.abc import Mapping

from flask_babel import gettext

from app.kit.errors import words
from app.messages.queries import Channel

NAMES: Mapping[Channel, str] = {
    Channel.EMAIL: words("E-mail"),
    Channel.INBOX: words("Inbox"),
    Channel.SMS: words("SMS"),
    Channel.WECHAT: words("WeChat"),
    Channel.MINI: words("Mini program"),
    Channel.WECOM: words("WeCom"),
    Channel.DINGTALK: words("DingTalk"),
    Channel.WECOM_ROBOT: words("WeCom group"),
    Channel.DINGTALK_ROBOT: words("DingTalk group"),
}


def channel_words(channel: Channel) -> str:
    """Return what people call a channel."""
    return str(gettext(NAMES[channel]))
