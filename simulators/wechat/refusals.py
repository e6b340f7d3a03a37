"""What WeChat Pay refuses, in its own codes."""

from typing import Any

WORDS: dict[str, tuple[int, str]] = {
    "PARAM_ERROR": (400, "参数错误"),
    "INVALID_REQUEST": (400, "无效请求"),
    "APPID_MCHID_NOT_MATCH": (400, "AppID与商户号不匹配"),
    "ORDER_CLOSED": (400, "订单已关闭"),
    "ORDER_PAID": (400, "订单已支付"),
    "STATEMENT_CREATING": (400, "账单生成中"),
    "NO_STATEMENT_EXIST": (400, "账单文件不存在"),
    "SIGN_ERROR": (401, "签名错误"),
    "NO_AUTH": (403, "商户无权限"),
    "NOT_ENOUGH": (403, "商户可用退款余额不足，请充值后再退款"),
    "OUT_TRADE_NO_USED": (403, "商户订单号重复"),
    "ORDER_NOT_EXIST": (404, "订单不存在"),
    "RESOURCE_NOT_EXISTS": (404, "查询的资源不存在"),
    "FREQUENCY_LIMITED": (429, "频率限制"),
    "SYSTEM_ERROR": (500, "系统异常，请稍后重试"),
}


class Refusal(Exception):
    """A request that is not carried out."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status, message = WORDS[code]
        self.message = f"{message}：{detail}" if detail else message

    @property
    def told(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}
