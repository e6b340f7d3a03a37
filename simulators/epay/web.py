"""The site over HTTP: pages for buyers, questions of shops in both versions, and faults for tests."""

import json
import socket
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from simulators.epay import signing
from simulators.epay.faults import HABITS, BadFault, Faults, read_fault
from simulators.epay.site import TYPES, Refused, Site
from simulators.epay.trades import UNPAID, Trade

Fields = Mapping[str, str]
Work = Callable[[Fields], dict[str, Any]]
WARNING = "<br />\n<b>Warning</b>: Undefined array key {0} in <b>/www/api.php</b><br />\n"


def create_app(site: Site) -> Flask:
    """Return the web face of the site."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    _add_pages(app, site)
    _add_first(app, site)
    _add_second(app, site)
    _add_faults(app, site.faults)
    app.before_request(lambda: _ail(site.faults))
    return app


def _add_pages(app: Flask, site: Site) -> None:
    def show(check: Callable[[Fields], None], version: int) -> tuple[str, int]:
        try:
            check(request.values)
            return _page(site, site.open(request.values, version))
        except Refused as refused:
            return render_template("refused.html", words=refused.words), 200

    app.add_url_rule("/submit.php", "submit", lambda: show(site.check_first, 1), methods=["GET", "POST"])
    app.add_url_rule("/api/pay/submit", "submit2", lambda: show(site.check_second, 2), methods=["GET", "POST"])

    @app.get("/pay/<trade_no>")
    def pay_page(trade_no: str) -> tuple[str, int]:
        trade = site.trades.find(trade_no)
        return _page(site, trade) if trade else (render_template("refused.html", words="订单号不存在"), 404)

    @app.post("/pay/<trade_no>")
    def pay(trade_no: str) -> AnyResponse:
        trade = site.trades.find(trade_no)
        if trade is None:
            return Response(render_template("refused.html", words="订单号不存在"), 404)
        return redirect(site.back(site.pay(trade, request.form.get("type", ""))), 303)


def _page(site: Site, trade: Trade) -> tuple[str, int]:
    kinds = (trade.type,) if trade.type else TYPES
    return render_template(
        "pay.html", trade=trade, kinds=kinds, waits=trade.status == UNPAID, back=site.back(trade)
    ), 200


def _add_first(app: Flask, site: Site) -> None:
    @app.route("/mapi.php", methods=["GET", "POST"])
    def mapi() -> Response:
        def work(fields: Fields) -> dict[str, Any]:
            site.check_first(fields)
            if not fields.get("clientip") or fields.get("type") not in TYPES:
                raise Refused(-1, "clientip 或 type 不能为空")
            trade = site.open(fields, 1)
            where = f"{request.host_url}pay/{trade.trade_no}"
            is_jump = "jump" in site.faults.habits
            return {"trade_no": trade.trade_no, "payurl" if is_jump else "qrcode": where}

        return _answer(site, work, good=1)

    @app.route("/api.php", methods=["GET", "POST"])
    def api() -> Response:
        def work(fields: Fields) -> dict[str, Any]:
            site.check_key(fields)
            match request.args.get("act"):
                case "order":
                    return site.stand(site.find(fields))
                case "query":
                    return {"pid": site.merchant.pid, "key": site.merchant.key, "active": 1, "money": "0.00"}
                case "refund" if request.method == "POST":
                    return site.refund(fields)
            raise Refused(-5, "No Act!")

        return _answer(site, work, good=1)


def _add_second(app: Flask, site: Site) -> None:
    works: dict[str, Work] = {
        "pay/create": lambda fields: _create(site, fields),
        "pay/query": lambda fields: site.stand(site.find(fields)),
        "pay/close": lambda fields: site.close(site.find(fields)),
        "pay/refund": site.refund,
        "pay/refundquery": lambda fields: _refund_query(site, fields),
        "merchant/info": lambda fields: {"pid": site.merchant.pid, "status": 1},
    }

    @app.post("/api/<area>/<verb>")
    def second(area: str, verb: str) -> Response:
        work = works.get(f"{area}/{verb}")
        if work is None:
            return Response("404", 404)

        def checked(fields: Fields) -> dict[str, Any]:
            site.check_second(fields)
            return work(fields)

        return _answer(site, checked, good=0)


def _create(site: Site, fields: Fields) -> dict[str, Any]:
    if not fields.get("clientip") or fields.get("method") != "web":
        raise Refused(-1, "clientip 不能为空")
    trade = site.open(fields, 2)
    kind = "jump" if "jump" in site.faults.habits else "qrcode"
    return {"trade_no": trade.trade_no, "pay_type": kind, "pay_info": f"{request.host_url}pay/{trade.trade_no}"}


def _refund_query(site: Site, fields: Fields) -> dict[str, Any]:
    made = site.trades.find_refund(fields.get("out_refund_no", ""))
    if made is None:
        raise Refused(-1, "退款记录不存在")
    told = site.told_refund(made, site.find({"trade_no": made["trade_no"]}))
    return told | {"status": 1 if made["finished"] else 2}


def _answer(site: Site, work: Work, *, good: int) -> Response:
    """Answer as forks do: whatever they put around JSON, refusals with a code and without a signature."""
    habits, faults = site.faults.habits, site.faults
    if faults.strike("lost_before", request.full_path):
        _cut()
        return Response("")
    try:
        told = {"code": good, "msg": "success"} | work(request.values)
        if good == 0:
            told = _signed(site, told)
    except Refused as refused:
        told = {"code": refused.code, "msg": refused.words}
    if faults.strike("lost_after", request.full_path):
        _cut()
    if "string_code" in habits:
        told["code"] = str(told["code"])
    body = json.dumps(told, ensure_ascii=False)
    if "double_json" in habits:
        body = json.dumps(body)
    around = ("\ufeff" if "bom" in habits else "") + (WARNING if "html" in habits else "")
    return Response(around + body, mimetype="text/html")


def _signed(site: Site, told: dict[str, Any]) -> dict[str, Any]:
    texts = {name: "" if value is None else str(value) for name, value in told.items()}
    signed = site.signed(texts, 2, behind=3600 if site.faults.strike("old_answer") else 0)
    sign = signed["sign"][::-1] if site.faults.strike("wrong_answer_sign") else signed["sign"]
    return told | {"timestamp": signed["timestamp"], "sign": sign, "sign_type": "RSA"}


def _ail(faults: Faults) -> Response | None:
    if request.path.startswith(("/faults", "/keys", "/pay/")):
        return None
    if slow := faults.strike("slow", request.full_path):
        time.sleep(slow.seconds)
    return Response("Service Unavailable", 503) if faults.strike("down", request.full_path) else None


def _cut() -> None:
    """What is written after this reaches nobody: the shop sees the line cut without a byte."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _add_faults(app: Flask, faults: Faults) -> None:
    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")

    @app.route("/faults", methods=["GET", "POST"])
    def set_faults() -> Response | tuple[Response, int]:
        if not _is_neighbour():
            return jsonify(error="only from this machine"), 403
        if request.method == "POST":
            wish = request.get_json(silent=True) or {}
            habits = set(wish.get("habits", faults.habits))
            try:
                if not habits <= HABITS:
                    raise BadFault(f"habits are: {', '.join(sorted(HABITS))}")
                faults.set([read_fault(fault) for fault in wish.get("faults", ())])
            except BadFault as error:
                return jsonify(error=str(error)), 400
            faults.habits = habits
        return jsonify(faults.told)


def add_keys(app: Flask, site: Site) -> None:
    """Show this machine what a shop's form wants to know."""

    @app.get("/keys")
    def keys() -> Response | tuple[Response, int]:
        if not _is_neighbour():
            return jsonify(error="only from this machine"), 403
        mine = site.merchant
        platform = signing.public(mine.platform_key)
        return jsonify(pid=mine.pid, key=mine.key, private_key=mine.merchant_key, platform_key=platform)


def _is_neighbour() -> bool:
    """Tell whether whoever asks is on this machine, came through no proxy, and is no page that a browser shows."""
    near = _is_loopback(request.remote_addr or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")
    return near and "X-Forwarded-For" not in request.headers and "Origin" not in request.headers


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
