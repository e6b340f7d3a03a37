"""DingTalk: tokens, work notices of an app, robots of groups with their signature."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from simulators.chats.desk import HOUR, Answer, Desk

ROBOT_MOST, ROBOT_BLOCK = 20, 600.0
LONGEST_NOTICE, LONGEST_SPEECH = 2048, 20_000
DAY = 24 * HOUR


def gettoken(desk: Desk, asked: Mapping[str, str]) -> dict[str, Any]:
    """Give the token of an app; the same one until it ends."""
    app, secret = asked.get("appkey", ""), asked.get("appsecret", "")
    if desk.apps.get(app) != secret or not app:
        raise Answer(40089, "invalid corpid or corpsecret")
    token = desk.give(app)
    return {"errcode": 0, "errmsg": "ok", "access_token": token.text, "expires_in": int(token.ends - desk.clock())}


def notify(desk: Desk, token: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Take a work notice; what becomes of it is asked later."""
    app = _app_of(desk, token, wish)
    said, to = wish.get("msg"), str(wish.get("userid_list", ""))
    if not isinstance(said, dict) or said.get("msgtype") not in ("text", "action_card", "markdown") or not to:
        raise Answer(400002, "invalid parameter: msg")
    if len(json.dumps(said, ensure_ascii=False).encode()) > LONGEST_NOTICE:
        raise Answer(33007, "the message is too long")
    with desk.held():
        same = [one for one in desk.sent_at("dingtalk.app") if (one["to"], one["said"]) == (to, said)]
        today = any(desk.clock() - one["at"] < DAY for one in same)
        fate = "invalid" if to.startswith("nobody") else "forbidden" if today else "unread"
        place = "dingtalk.app" if fate == "unread" else "dingtalk.dropped"
        number = desk.take(place, app=app, to=to, said=said, fate=fate)
    return {"errcode": 0, "errmsg": "ok", "task_id": number}


def result(desk: Desk, token: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what became of a work notice; before that is known, nobody is in any of the lists."""
    app, known = _app_of(desk, token, wish), desk.clock() - desk.fate_after
    mine = [one for one in desk.sent if one["number"] == wish.get("task_id") and "fate" in one and one["app"] == app]
    if not mine:
        raise Answer(400002, "invalid parameter: task_id")
    found = [one for one in mine if one["at"] <= known]
    told = {f"{one['fate']}_user_id_list": [one["to"]] for one in found}
    return {"errcode": 0, "errmsg": "ok", "send_result": told}


def _app_of(desk: Desk, token: str, wish: Mapping[str, Any]) -> str:
    """Return the app that asks; what is wrong with its token stands behind another number."""
    try:
        app = desk.check(token)
    except Answer as stale:
        raise Answer(88, "ding talk error", sub_code=str(stale.told["errcode"]), sub_msg=stale.told["errmsg"]) from None
    if wish.get("agent_id") != 41605932:
        raise Answer(400002, "invalid parameter: agent_id")
    return app


def speak(desk: Desk, asked: Mapping[str, str], wish: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Let a robot say something to its group; nobody is answered before the signature fits."""
    robot = asked.get("access_token", "")
    if robot not in desk.robots:
        raise Answer(300005, "token is not exist")
    _check_signature(desk, robot, asked)
    kind = str(wish.get("msgtype", ""))
    words = (wish.get(kind) or {}).get("content" if kind == "text" else "text", "")
    if kind not in ("text", "markdown") or not words:
        raise Answer(400402, "missing parameter")
    if size > LONGEST_SPEECH:
        raise Answer(460101, "message too long")
    if not desk.count_speech(robot, ROBOT_MOST, block=ROBOT_BLOCK):
        raise Answer(130101, "send too fast, exceed 20 times per minute")
    desk.take("dingtalk.robot", key=robot, said=words)
    return {"errcode": 0, "errmsg": "ok"}


def _check_signature(desk: Desk, robot: str, asked: Mapping[str, str]) -> None:
    stamp, secret = asked.get("timestamp", ""), desk.robots[robot]
    if not stamp.isdigit() or abs(int(stamp) / 1000 - desk.clock()) > HOUR:
        raise Answer(310000, "invalid timestamp")
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), asked.get("sign", "")):
        raise Answer(310000, "sign not match")
