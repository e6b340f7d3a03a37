"""What `make run` says to the person at the terminal, in Chinese and English."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.simulators import Simulator

MIGRATING = "秒发 Miaofa: 正在准备数据库 preparing the database …"
STOPPING = "秒发 Miaofa: 正在停止 stopping …"


def ready(base_url: str, gateway_url: str, demo: str, simulators: Sequence[Simulator] = ()) -> str:
    """Tell where everything is, and the demo's logins from the last line that `demo load` printed."""
    lines = ["", "秒发已就绪 · Miaofa is ready", ""]
    lines.append(f"  商店 Shop          {base_url}/")
    lines.append(f"  后台 Office        {base_url}/office/")
    if gateway_url:
        lines.append(f"  测试网关 Gateway   {gateway_url}/")
    for simulator in simulators:
        lines.append(f"  {f'模拟 {simulator.name}':<14} {simulator.url}/   密钥 keys: {simulator.folder}")
    logins = find_logins(demo)
    if logins:
        lines += ["", "  演示账号 Demo logins"]
    lines += [f"    {describe(login, base_url)}" for login in logins]
    return "\n".join([*lines, "", "  停止 Stop: Ctrl-C", ""])


def find_logins(printed: str) -> list[Mapping[str, Any]]:
    """Return the `logins` of the JSON object in the last line; none when there is no such line."""
    last = printed.strip().rsplit("\n", 1)[-1]
    try:
        logins = json.loads(last)["logins"]
    except (ValueError, KeyError, TypeError):
        return []
    return [login for login in logins if isinstance(login, Mapping)]


def describe(login: Mapping[str, Any], base_url: str) -> str:
    """Put one login on one line, in the order the demo gave it; paths become addresses to click on."""
    words = [str(value) for value in login.values()]
    return "   ".join(base_url + word if word.startswith("/") else word for word in words)
