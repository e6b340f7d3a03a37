"""The simulator over HTTP: the paths of the three parties, which never meet, and a page of what was said."""

import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request

from simulators.chats import dingtalk, wecom, weixin
from simulators.chats.desk import Answer, Desk, Mode

MODES = ("answer", "slow", "lost", "rotate")


def create_app(desk: Desk) -> Flask:
    """Return the three parties as one program."""
    app = Flask(__name__)
    _add_weixin(app, desk)
    _add_wecom(app, desk)
    _add_dingtalk(app, desk)
    _add_pages(app, desk)
    _add_logins(app, desk)
    return app


def _add_weixin(app: Flask, desk: Desk) -> None:
    @app.post("/cgi-bin/stable_token")
    def stable_token() -> Response:
        return _answer(desk, "weixin.token", lambda: weixin.stable_token(desk, _wish()))

    @app.get("/sns/jscode2session")
    def session() -> Response:
        return _answer(desk, "weixin.session", lambda: weixin.session(desk, request.args))

    @app.post("/cgi-bin/message/template/send")
    def template() -> Response:
        return _answer(desk, "weixin.template", lambda: weixin.send_template(desk, _token(), _wish()))

    @app.post("/cgi-bin/message/subscribe/send")
    def subscribed() -> Response:
        return _answer(desk, "weixin.subscribe", lambda: weixin.send_subscribed(desk, _token(), _wish()))


def _add_wecom(app: Flask, desk: Desk) -> None:
    @app.get("/cgi-bin/gettoken")
    def wecom_token() -> Response:
        return _answer(desk, "wecom.token", lambda: wecom.gettoken(desk, request.args))

    @app.post("/cgi-bin/message/send")
    def wecom_send() -> Response:
        return _answer(desk, "wecom.app", lambda: wecom.send(desk, _token(), _wish()))

    @app.post("/cgi-bin/webhook/send")
    def wecom_robot() -> Response:
        return _answer(desk, "wecom.robot", lambda: wecom.speak(desk, request.args.get("key", ""), _wish()))


def _add_dingtalk(app: Flask, desk: Desk) -> None:
    base = "/topapi/message/corpconversation"

    @app.get("/gettoken")
    def dingtalk_token() -> Response:
        return _answer(desk, "dingtalk.token", lambda: dingtalk.gettoken(desk, request.args))

    @app.post(f"{base}/asyncsend_v2")
    def notify() -> Response:
        return _answer(desk, "dingtalk.app", lambda: dingtalk.notify(desk, _token(), _wish()))

    @app.post(f"{base}/getsendresult")
    def result() -> Response:
        return _answer(desk, "dingtalk.result", lambda: dingtalk.result(desk, _token(), _wish()))

    @app.post("/robot/send")
    def dingtalk_robot() -> Response:
        size = len(request.get_data())
        return _answer(desk, "dingtalk.robot", lambda: dingtalk.speak(desk, request.args, _wish(), size))


def _add_pages(app: Flask, desk: Desk) -> None:
    @app.get("/")
    def said() -> str:
        return render_template("said.html", sent=desk.sent[::-1][:200])

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")

    @app.get("/modes")
    def modes() -> Response:
        return jsonify(modes=[asdict(mode) for mode in desk.modes])

    @app.post("/modes")
    def set_modes() -> Response:
        _check_neighbour()
        wish = request.get_json(silent=True) or {}
        try:
            asked = [Mode(**mode) for mode in wish.get("modes", [])]
        except TypeError:
            abort(400)
        if any(mode.name not in MODES for mode in asked):
            abort(400)
        if any(mode.name == "rotate" for mode in asked):
            desk.rotate()
        desk.modes[:] = [mode for mode in asked if mode.name != "rotate"]
        return modes()


def _add_logins(app: Flask, desk: Desk) -> None:
    @app.post("/logins")
    def log_in() -> Response:
        """Give the code that wx.login would give: `{"appid": …, "openid": …}`."""
        _check_neighbour()
        wish = request.get_json(silent=True) or {}
        if wish.get("appid") not in desk.apps or not weixin.OPENID.fullmatch(str(wish.get("openid", ""))):
            abort(400)
        return jsonify(code=weixin.log_in(desk, wish["appid"], wish["openid"]))


def _answer(desk: Desk, place: str, work: Callable[[], dict[str, Any]]) -> Response:
    """Return the answer to a question, or its number; it may come slowly or get lost after the work is done."""
    desk.calls[place] += 1
    try:
        if mode := desk.strike("answer", place):
            raise Answer(mode.code)
        said = work()
    except Answer as answer:
        said = answer.told
    if slow := desk.strike("slow", place):
        time.sleep(slow.seconds)
    if desk.strike("lost", place):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return jsonify(said)


def _wish() -> dict[str, Any]:
    wish = request.get_json(silent=True)
    if not isinstance(wish, dict):
        raise Answer(47001, "data format error")
    return wish


def _token() -> str:
    return request.args.get("access_token", "")


def _check_neighbour() -> None:
    """Let nobody change the modes who is not on this machine, or is a page that a browser here shows."""
    if not ip_address(request.remote_addr or "0.0.0.0").is_loopback or "Origin" in request.headers:
        abort(403)
