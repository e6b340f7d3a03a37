"""The gateway towards machines: the signed questions of shops, web authorization, faults."""

import json
import socket
import time
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from simulators.test_gateway.api import check_neighbour
from simulators.test_gateway.faults import read_fault
from simulators.test_gateway.refusals import Refused
from simulators.wechat import bills, refunds
from simulators.wechat.gateway import H5_SECONDS, Gateway
from simulators.wechat.notices import STALE_SECONDS
from simulators.wechat.refusals import Refusal
from simulators.wechat.wire import Wire

PRODUCTS = ("native", "h5", "jsapi")
BUYER = "oSimulatedBuyer0000000000001"


class Api:
    """Answers signed questions, signed in turn, with whatever goes wrong."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.faults = gateway, gateway.faults
        self.wire = Wire(gateway.keys, lambda: gateway.clock())

    def answer(self, place: str, work: Any, *, status: int = 200) -> Response:
        """Return the answer to a question about one thing, or the refusal of it."""
        ahead = STALE_SECONDS if self.faults.strike("skewed", place) else 0
        try:
            self.wire.check(request.method, _target(), dict(request.headers), request.get_data(), ahead=ahead)
            for fault, code in (("down", "SYSTEM_ERROR"), ("busy", "FREQUENCY_LIMITED")):
                if self.faults.strike(fault, place):
                    raise Refusal(code)
            said = work()
        except Refusal as refusal:
            said, status = refusal.told, refusal.status
        if slow := self.faults.strike("slow", place):
            time.sleep(slow.seconds)
        if self.faults.strike("lost", place):
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        if isinstance(said, bytes):
            return Response(said, status, mimetype="application/x-gzip")  # files are not signed
        body = b"" if said is None else json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {} if status == 401 else self.gateway.sender.writer.signed(body, place=place, ahead=ahead)
        return Response(body, status, headers | {"Content-Type": "application/json; charset=utf-8"})


def add_routes(app: Flask, gateway: Gateway) -> None:
    """Hang up what machines ask of this gateway."""
    api = Api(gateway)
    _add_orders(app, api)
    _add_refunds_and_bills(app, api)
    _add_names(app, gateway)
    _add_faults(app, gateway)

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")


def _add_orders(app: Flask, api: Api) -> None:
    gateway, base = api.gateway, "/v3/pay/transactions"

    @app.post(f"{base}/<any(native, h5, jsapi):product>")
    def order(product: str) -> Response:
        return api.answer("start", lambda: _started(gateway, product))

    @app.get(f"{base}/<any('id', 'out-trade-no'):by>/<number>")
    def query(by: str, number: str) -> Response:
        return api.answer("query", lambda: _asked(gateway, number))

    @app.post(f"{base}/out-trade-no/<number>/close")
    def close(number: str) -> Response:
        return api.answer("close", lambda: gateway.close(number, request.get_data()), status=204)


def _add_refunds_and_bills(app: Flask, api: Api) -> None:
    gateway = api.gateway

    @app.post("/v3/refund/domestic/refunds")
    def refund() -> Response:
        return api.answer("refund", lambda: refunds.repay(gateway, request.get_data()))

    @app.get("/v3/refund/domestic/refunds/<number>")
    def refund_query(number: str) -> Response:
        return api.answer("refund_query", lambda: refunds.find(gateway, number))

    @app.get("/v3/bill/tradebill")
    def bill() -> Response:
        return api.answer("bill", lambda: bills.ask(gateway, request.args.to_dict(), _origin()))

    @app.get("/v3/billdownload/file")
    def file() -> Response:
        return api.answer("bill", lambda: bills.fetch(gateway, request.args.get("token", "")))

    @app.get("/v3/certificates")
    def certificates() -> Response:
        def none() -> None:
            raise Refusal("RESOURCE_NOT_EXISTS", "无可用的平台证书，请使用微信支付公钥")

        return api.answer("query", none)


def _add_names(app: Flask, gateway: Gateway) -> None:
    @app.get("/connect/oauth2/authorize")
    def authorise() -> AnyResponse:
        """Say who the user of this browser is: whoever its cookie `buyer` names."""
        asked = request.args
        if asked.get("appid") != gateway.keys.appid or asked.get("scope") != "snsapi_base":
            return Response("redirect_uri 参数错误", 400)
        code = f"0{len(gateway.codes):031x}"
        gateway.codes[code] = request.cookies.get("buyer", BUYER)
        back = asked.get("redirect_uri", "")
        given = urlencode({"code": code, "state": asked.get("state", "")})
        return redirect(f"{back}{'&' if '?' in back else '?'}{given}", 302)

    @app.get("/sns/oauth2/access_token")
    def named() -> Response:
        """Tell who is behind a code, once; refusals come with status 200 there."""
        asked = request.args
        if asked.get("appid") != gateway.keys.appid:
            return jsonify(errcode=40013, errmsg="invalid appid")
        if asked.get("secret") != gateway.keys.app_secret:
            return jsonify(errcode=40125, errmsg="invalid appsecret")
        openid = gateway.codes.pop(asked.get("code", ""), None)
        if openid is None:
            return jsonify(errcode=40029, errmsg="invalid code")
        return jsonify(access_token="unused", expires_in=7200, openid=openid, scope="snsapi_base")


def _add_faults(app: Flask, gateway: Gateway) -> None:
    faults = gateway.faults

    @app.get("/faults")
    def show_faults() -> Response:
        check_neighbour()
        return jsonify(faults=[fault.told for fault in faults.left])

    @app.post("/faults")
    def set_faults() -> Response:
        check_neighbour()
        wish = request.get_json(silent=True)
        if not isinstance(wish, dict) or set(wish) != {"faults"} or not isinstance(wish["faults"], list):
            raise Refused("bad_fault", request.get_data(as_text=True)[:80])
        faults.set([read_fault(fault, faults.places) for fault in wish["faults"]])
        return jsonify(faults=[fault.told for fault in faults.left])

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[dict[str, str], int]:
        return error.told, error.words.status


def _started(gateway: Gateway, product: str) -> dict[str, str]:
    entry = gateway.order(request.get_data(), product)
    if product == "native":
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={entry['pr']}"}
    if product == "h5":
        expires = int(gateway.clock()) + H5_SECONDS
        return {"h5_url": f"{_origin()}/h5/checkmweb?prepay_id={entry['prepay_id']}&package={expires}"}
    return {"prepay_id": entry["prepay_id"]}


def _asked(gateway: Gateway, number: str) -> dict[str, Any]:
    if request.args.get("mchid") != gateway.keys.mchid:
        raise Refusal("PARAM_ERROR", "mchid")
    return gateway.query(number)


def _target() -> str:
    query = request.query_string.decode()
    return request.environ["RAW_URI"] if "RAW_URI" in request.environ else request.path + (f"?{query}" if query else "")


def _origin() -> str:
    return request.host_url.rstrip("/")
