"""The gateway towards buyers: the phone that scans, the H5 page, the call inside WeChat."""

from pathlib import Path

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from simulators.wechat import api
from simulators.wechat.api import BUYER
from simulators.wechat.bills import yuan
from simulators.wechat.book import Entry
from simulators.wechat.gateway import BANKS, H5_SECONDS, Gateway

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action *"
STYLE = Path(__file__).parents[1] / "test_gateway" / "static" / "style.css"
NO_REFERER = (
    "商家存在未配置的参数：没有 Referer，H5 页面要从商户登记的域名打开。No Referer: H5 opens from the shop's page only."
)
TOO_LATE = "支付链接已失效，请回到商户重新发起。This link no longer works; start again in the shop."


def create_app(gateway: Gateway) -> Flask:
    """Return the web face of this gateway."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["yuan"] = yuan
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    api.add_routes(app, gateway)
    _add_phone(app, gateway)
    _add_paying(app, gateway)
    app.after_request(_harden)
    return app


def _add_phone(app: Flask, gateway: Gateway) -> None:
    @app.get("/")
    def home() -> Response:
        """Show what waits to be paid, as the phone of a buyer who scans."""
        waiting = [one for one in gateway.book.all("order") if one["state"] == "NOTPAY"]
        return make_response(render_template("home.html", orders=waiting[::-1][:50]))

    @app.get("/scan")
    def scan() -> Response:
        """Read a code: `/scan?pr=…` is what a phone makes of weixin://wxpay/bizpayurl?pr=…."""
        return _shown(gateway.find_by_code(request.args.get("pr", "")), back="")

    @app.get("/h5/checkmweb")
    def h5() -> Response:
        entry = gateway.book.find_by("order", "prepay_id", request.args.get("prepay_id", ""))
        if not request.headers.get("Referer"):
            return _said(NO_REFERER)
        if entry is None or gateway.clock() - entry["made_at"] > H5_SECONDS:
            return _said(TOO_LATE)
        return _shown(gateway.find_by_code(entry["pr"]), back=request.args.get("redirect_url", ""))

    @app.get("/style.css")
    def style() -> Response:
        return Response(STYLE.read_bytes(), mimetype="text/css", headers={"Cache-Control": "no-cache"})


def _add_paying(app: Flask, gateway: Gateway) -> None:
    @app.post("/paid/<pr>")
    def pay(pr: str) -> AnyResponse:
        entry, bank = gateway.find_by_code(pr), request.form.get("bank", BANKS[0])
        paid = gateway.pay(entry["out_trade_no"], BUYER, bank if bank in BANKS else BANKS[0]) if entry else None
        if entry is None or paid is None:
            return _said(TOO_LATE)
        back = request.form.get("back", "")
        return redirect(back, 303) if back.startswith(("http://", "https://")) else _shown(paid, back="")

    @app.post("/jsapi")
    def in_app() -> Response:
        """Do what getBrandWCPayRequest does inside WeChat; JSON with its parameters and the buyer's openid."""
        asked = request.get_json(silent=True)
        done = isinstance(asked, dict) and gateway.pay_in_app(asked, str(asked.get("openid", BUYER)))
        answer = jsonify(err_msg=f"get_brand_wcpay_request:{'ok' if done else 'fail'}")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer


def _shown(entry: Entry | None, *, back: str) -> Response:
    if entry is None:
        return _said(TOO_LATE)
    return make_response(render_template("pay.html", order=entry, banks=BANKS, back=back))


def _said(words: str) -> Response:
    return make_response(render_template("said.html", words=words), 400)


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
