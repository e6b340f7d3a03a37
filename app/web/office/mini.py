"""What a merchant's developer builds into the shop's mini program, so that buyers are told in it.

WeChat lets only a page of the mini program itself ask who its user is and what it may tell them. Its web-view sees
which address opens: at that of an order's owner it hands over to such a page, which posts its login code to it. More
in docs/mini-program.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from flask import url_for

from app.delivery import queries as delivery
from app.messages.queries import Carrier, Channel
from app.web.guard import frame, settings

FILES: Mapping[str, str] = {
    "pages/shop/shop.wxml": """<web-view src="{{address}}" bindload="opened" />""",
    "pages/shop/shop.js": """\
Page({
  data: { address: "$shop" },
  opened({ detail }) {
    if (detail.src.includes("/mini-program/"))
      wx.navigateTo({ url: "/pages/told/told?at=" + encodeURIComponent(detail.src) });
  },
});""",
    "pages/told/told.wxml": """\
<button wx:if="{{templates.length}}" type="primary" bindtap="ask">允许发消息</button>
<text>{{said}}</text>""",
    "pages/told/told.js": """\
Page({
  data: { templates: [], said: "" },
  onLoad({ at }) {
    wx.login({
      success: ({ code }) => wx.request({
        url: decodeURIComponent(at),
        method: "POST",
        data: { code },
        success: ({ statusCode, data }) => statusCode === 200
          ? this.setData({ templates: data.templates, said: "好了，订单有动静会在这里通知你。" })
          : this.setData({ said: data.detail || data.title }),
        fail: () => this.setData({ said: "网络不通，请返回再试。" }),
      }),
      fail: () => this.setData({ said: "微信没有应答，请返回再试。" }),
    });
  },
  ask() {
    wx.requestSubscribeMessage({
      tmplIds: this.data.templates,
      complete: () => wx.navigateBack(),
    });
  },
});""",
}


@dataclass(frozen=True)
class Mini:
    """What the page of a mini program's account shows its merchant."""

    asks: bool
    reached: int
    address: str
    files: tuple[tuple[str, str], ...]


def mini_shown(found: Carrier) -> Mini | None:
    """Return what is built into a mini program, filled in for this shop; nothing for other accounts."""
    if found.channel is not Channel.MINI:
        return None
    address = settings().base_url
    shop = address + url_for("shop_at.home", shop=frame().slug)
    files = tuple((name, Template(text).substitute(shop=shop)) for name, text in FILES.items())
    return Mini(found.settings.get("asks") == "yes", delivery.count_reached(Channel.MINI), address, files)
