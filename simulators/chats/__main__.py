"""Run WeChat, WeCom and DingTalk without people: `python -m simulators.chats --port 8007`."""

import argparse
import json
import logging
import os
import secrets
import signal
import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulators.chats.desk import Desk
from simulators.chats.web import create_app

Keys = dict[str, dict[str, str]]


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="chats: %(message)s", level=logging.INFO)
    server = serve(make_desk(kept_keys(options.keys)), options.host, options.port)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"WeChat, WeCom and DingTalk on http://{options.host}:{server.port}", flush=True)
    try:
        server.serve_forever(0.1)
    finally:
        server.server_close()


def serve(desk: Desk, host: str = "127.0.0.1", port: int = 0) -> BaseWSGIServer:
    """Return a server that listens."""
    return make_server(host, port, create_app(desk), threaded=True, request_handler=QuietRequests)


class QuietRequests(WSGIRequestHandler):
    """Logs no request lines: they hold tokens and keys."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def make_desk(keys: Keys) -> Desk:
    """Return a desk that knows the apps and robots of these keys."""
    apps = {
        keys["wechat_template"]["appid"]: keys["wechat_template"]["secret"],
        keys["wechat_mini"]["appid"]: keys["wechat_mini"]["secret"],
        keys["wecom"]["corpid"]: keys["wecom"]["secret"],
        keys["dingtalk"]["appkey"]: keys["dingtalk"]["app_secret"],
    }
    robots = {
        keys["wecom_robot"]["key"]: "",
        keys["dingtalk_robot"]["robot_token"]: keys["dingtalk_robot"]["signing_secret"],
    }
    return Desk(apps, robots)


def new_keys() -> Keys:
    """Return an account at each party, as a merchant would enter it."""
    return {
        "wechat_template": {
            "appid": f"wx{secrets.token_hex(8)}",
            "secret": secrets.token_hex(16),
            "callback_token": secrets.token_hex(8),
        },
        "wechat_mini": {
            "appid": f"wx{secrets.token_hex(8)}",
            "secret": secrets.token_hex(16),
            "callback_token": secrets.token_hex(8),
            "state": "formal",
        },
        "wecom": {"corpid": f"ww{secrets.token_hex(8)}", "agentid": "1000002", "secret": secrets.token_hex(22)},
        "wecom_robot": {"group": "值班群 Staff", "key": secrets.token_hex(16)},
        "dingtalk": {
            "appkey": f"ding{secrets.token_hex(8)}",
            "agentid": "41605932",
            "app_secret": secrets.token_hex(32),
        },
        "dingtalk_robot": {
            "group": "值班群 Staff",
            "robot_token": secrets.token_hex(32),
            "signing_secret": f"SEC{secrets.token_hex(32)}",
        },
    }


def kept_keys(path: Path | None) -> Keys:
    """Return the keys of a file, or new ones, which are written there."""
    if path and path.exists():
        known: Keys = json.loads(path.read_text())
        return known
    keys = new_keys()
    if path:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(keys, file)
    return keys


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.chats", description="WeChat, WeCom and DingTalk.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8007, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="keep the keys in this JSON file, made when missing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
