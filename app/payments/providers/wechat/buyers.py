"""Who pays inside WeChat: the service account's web authorization, silent (snsapi_base)."""

import json
from urllib.parse import quote, urlencode

from app.kit.effects import Answer, Done, Refused, Temporary
from app.kit.http import Client, Interrupted, Unreachable
from app.payments.providers.base import Account
from app.payments.providers.wechat.account import SECRET

LONGEST_REASON = 200


def authorise_url(origin: str, account: Account, back: str, state: str) -> str:
    """Return the address; WeChat wants these parameters in this order, and the mark at the end."""
    fields = (
        ("appid", account.setting("appid")),
        ("redirect_uri", back),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", state),
    )
    return f"{origin}/connect/oauth2/authorize?{urlencode(fields, quote_via=quote, safe='')}#wechat_redirect"


def buyer_of(office: str, code: str, account: Account, http: Client) -> Answer:
    """Return the openid behind a code: Done(openid), Refused in WeChat's words, or Temporary."""
    asked = {
        "appid": account.setting("appid"),
        "secret": account.key(SECRET).expose(),
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        response = http.get(f"{office}/sns/oauth2/access_token?{urlencode(asked)}")
        said = json.loads(response.body)
        openid, refusal = said.get("openid"), f"{said.get('errcode')}: {said.get('errmsg', '')}"
    except (Unreachable, Interrupted) as error:
        return Temporary(str(error))
    except (ValueError, AttributeError):
        return Temporary("answer not understood")
    if isinstance(openid, str) and openid:
        return Done(openid)
    return Refused(refusal[:LONGEST_REASON])
