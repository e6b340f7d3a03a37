"""WeCom: tokens, messages of an app, robots of groups."""

import json
from collections.abc import Mapping
from typing import Any

from simulators.chats.desk import Answer, Desk

LONGEST_TEXT, LONGEST_MARKDOWN = 2048, 4096
LONGEST = {"title": 128, "description": 512, "url": 2048}  # of a card
ROBOT_MOST, ROBOT_BLOCK = 20, 60.0


def gettoken(desk: Desk, asked: Mapping[str, str]) -> dict[str, Any]:
    """Give the token of an app; the same one until it ends."""
    app, secret = asked.get("corpid", ""), asked.get("corpsecret", "")
    if app not in desk.apps:
        raise Answer(40013, "invalid corpid")
    if desk.apps[app] != secret:
        raise Answer(40001, "invalid credential")
    token = desk.give(app)
    return {"errcode": 0, "errmsg": "ok", "access_token": token.text, "expires_in": int(token.ends - desk.clock())}


def send(desk: Desk, token: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Take a message of an app for people of the company; who is unknown is named, and nobody at all is a no."""
    app = desk.check(token)
    if wish.get("agentid") != 1000002:
        raise Answer(40056, "invalid agentid")
    people = str(wish.get("touser", "")).split("|")
    unknown = [person for person in people if not person or person.startswith("nobody")]
    if len(unknown) == len(people):
        raise Answer(81013, "user & party & tag all invalid")
    said = _content(wish)
    with desk.held():
        same = [one for one in desk.sent_at("wecom.app") if (one["to"], one["said"]) == (people, said)]
        apart = float(wish.get("duplicate_check_interval", 1800))
        if wish.get("enable_duplicate_check") and any(desk.clock() - one["at"] < apart for one in same):
            return {"errcode": 0, "errmsg": "ok", "msgid": str(same[-1]["number"])}
        number = desk.take("wecom.app", app=app, to=people, said=said)
    return {"errcode": 0, "errmsg": "ok", "msgid": str(number), "invaliduser": "|".join(unknown)}


def _content(wish: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(wish.get("msgtype", ""))
    said = wish.get(kind)
    if kind not in ("text", "markdown", "textcard") or not isinstance(said, dict):
        raise Answer(40008, "invalid message type")
    if kind == "textcard":
        for name, most in LONGEST.items():
            if not 1 <= len(str(said.get(name, "")).encode()) <= most:
                raise Answer(45002, f"content size out of limit: {name}")
    elif not 1 <= len(str(said.get("content", "")).encode()) <= LONGEST_TEXT:
        raise Answer(45002, "content size out of limit")
    return {"msgtype": kind, **said}


def speak(desk: Desk, key: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Let a robot say something to its group."""
    if key not in desk.robots:
        raise Answer(93000, "invalid webhook url")
    kind = str(wish.get("msgtype", ""))
    if kind not in ("text", "markdown"):
        raise Answer(40008, "invalid message type")
    content = str((wish.get(kind) or {}).get("content", ""))
    if not 1 <= len(content.encode()) <= (LONGEST_TEXT if kind == "text" else LONGEST_MARKDOWN):
        raise Answer(40058, f"content exceed max length: {len(json.dumps(content))}")
    if not desk.count_speech(key, ROBOT_MOST, block=ROBOT_BLOCK):
        raise Answer(45009, "api freq out of limit")
    desk.take("wecom.robot", key=key, said=content)
    return {"errcode": 0, "errmsg": "ok"}
