"""What the gateway refuses, in both languages: what happened and how to mend it."""

from typing import NamedTuple


class Words(NamedTuple):
    """One refusal in Chinese and English; `{what}` stands for the detail."""

    status: int
    zh: str
    zh_mend: str
    en: str
    en_mend: str


class Refused(Exception):
    """A request the gateway does not carry out; `code` is a stable word for scripts."""

    def __init__(self, code: str, what: str = "", *, back: str = "") -> None:
        super().__init__(code)
        self.code, self.back = code, back
        status, *texts = WORDS[code]
        self.words = Words(status, *(text.format(what=what) for text in texts))

    @property
    def told(self) -> dict[str, str]:
        """Return what a shop is told of it."""
        return {"error": self.code, "message": self.words.en, "message_zh": self.words.zh}


WORDS = {
    "malformed": Words(
        400,
        "付款链接读不出来：查询串要是 UTF-8 的 名=值，每个名字只出现一次。",
        "回到商店，重新付款。",
        "The link cannot be read: its query must be name=value in UTF-8, each name once.",
        "Go back to the shop and start the payment again.",
    ),
    "missing_parameter": Words(
        400,
        "付款链接里缺少参数 {what}。",
        "由商店带齐全部参数、签名后再打开本页。",
        "The link lacks the parameter {what}.",
        "The shop has to send every parameter and sign them all.",
    ),
    "unknown_parameter": Words(
        400,
        "付款链接里有不认识的参数 {what}。",
        "去掉这个参数，重新签名。",
        "The link holds an unknown parameter, {what}.",
        "Leave it out and sign again.",
    ),
    "bad_signature": Words(
        403,
        "签名对不上：链接被改动过，或两边的密钥不同。",
        "确认商店和本网关用同一个 TEST_GATEWAY_SECRET 启动，并按解码后的参数值签名。",
        "The signature does not match: the link was changed, or the two sides hold different keys.",
        "Start the shop and this gateway with the same TEST_GATEWAY_SECRET and sign the decoded values.",
    ),
    "stale_timestamp": Words(
        403,
        "付款链接的时间和现在相差超过 15 分钟。",
        "回到商店，重新付款；仍然这样，就校准两台机器的时钟。",
        "The link's time is more than 15 minutes away from now.",
        "Go back to the shop and start the payment again; if that does not help, set both clocks.",
    ),
    "bad_timestamp": Words(
        400,
        "timestamp 要是 Unix 秒数，收到的是 {what}。",
        "用十进制整数发送当前的 Unix 时间。",
        "timestamp must be Unix seconds, not {what}.",
        "Send the present Unix time as a decimal integer.",
    ),
    "bad_merchant": Words(
        400,
        "merchant_no 要是 1 到 64 个字母、数字、_ 或 -，收到的是 {what}。",
        "检查商店里测试收款方式的商户号。",
        "merchant_no must be 1 to 64 letters, digits, _ or -, not {what}.",
        "Check the merchant number of the shop's test payment method.",
    ),
    "bad_out_trade_no": Words(
        400,
        "out_trade_no 要是 1 到 30 个字母、数字、_ 或 -，收到的是 {what}。",
        "换一个符合格式的订单号。",
        "out_trade_no must be 1 to 30 letters, digits, _ or -, not {what}.",
        "Send an order number of that shape.",
    ),
    "bad_amount": Words(
        400,
        "amount 要是正整数（最小货币单位，如 1999 即 19.99 元），收到的是 {what}。",
        "按最小货币单位发送，不带小数点、正负号和空格，最多 12 位。",
        "amount must be a positive whole number of minor units (1999 is 19.99), not {what}.",
        "Send minor units without point, sign or spaces, 12 digits at most.",
    ),
    "unknown_currency": Words(
        400,
        "本网关没有货币 {what}。",
        "用三个大写字母的 ISO 4217 代码，如 CNY、USD。",
        "This gateway has no currency {what}.",
        "Use an ISO 4217 code in capitals, such as CNY or USD.",
    ),
    "bad_subject": Words(
        400,
        "subject 要是 1 到 256 个可见字符。",
        "发送商品名，去掉换行和控制字符。",
        "subject must be 1 to 256 printable characters.",
        "Send the name of the goods without line breaks or control characters.",
    ),
    "address_refused": Words(
        400,
        "{what} 不是本机上完整的 http(s) 地址。",
        "测试网关默认只联系本机；要用别的主机名，就以 --allow-host 主机名 启动网关。",
        "{what} is not a complete http(s) address on this machine.",
        "The test gateway talks to this machine only; start it with --allow-host NAME to allow another host.",
    ),
    "other_amount": Words(
        409,
        "订单号 {what} 已经用另一个金额或货币开过交易。",
        "金额变了就要换新的订单号。",
        "Order number {what} was already opened with another amount or currency.",
        "A changed amount needs a new order number.",
    ),
    "unknown_trade": Words(
        404,
        "没有交易 {what}；网关重启后，内存里的交易就不在了。",
        "回到商店，重新付款。",
        "There is no trade {what}; trades kept in memory end with the gateway.",
        "Go back to the shop and start the payment again.",
    ),
    "trade_closed": Words(
        409,
        "订单号 {what} 已由商店关闭，不能再付款。",
        "回到商店，重新下单。",
        "The shop closed order number {what}; it cannot be paid any more.",
        "Go back to the shop and order again.",
    ),
    "bad_out_refund_no": Words(
        400,
        "out_refund_no 要是 1 到 30 个字母、数字、_ 或 -，收到的是 {what}。",
        "换一个符合格式的退款单号。",
        "out_refund_no must be 1 to 30 letters, digits, _ or -, not {what}.",
        "Send a refund number of that shape.",
    ),
    "other_refund": Words(
        409,
        "退款单号 {what} 已经用于另一笔订单、金额或货币。",
        "重发就原样重发；另一笔退款用新的退款单号。",
        "Refund number {what} was already used for another order, amount or currency.",
        "Repeat a refund unchanged; another refund needs a new number.",
    ),
    "not_paid": Words(
        409,
        "订单号 {what} 没有付过款，没有可退的。",
        "先查询这笔交易。",
        "Order number {what} was not paid, so there is nothing to give back.",
        "Query the trade first.",
    ),
    "wrong_currency": Words(
        409,
        "这笔交易不是用 {what} 付的。",
        "按付款的货币退款。",
        "The trade was not paid in {what}.",
        "Refund in the currency of the payment.",
    ),
    "refund_too_large": Words(
        409,
        "退款超过了付款：这笔交易只剩 {what} 可退。",
        "减少退款金额。",
        "More than was paid cannot go back: {what} is left of this trade.",
        "Ask for less.",
    ),
    "unavailable": Words(
        503,
        "网关现在不工作。",
        "稍后再试。",
        "The gateway does not work now.",
        "Try again later.",
    ),
    "bad_fault": Words(
        400,
        "没有这样的故障：{what}。",
        "发送 JSON：faults 是列表，每项有 name，可加 on、times、seconds、chance。名字和位置见 faults.py。",
        "There is no such fault: {what}.",
        "Send JSON: faults is a list, each with name and maybe on, times, seconds, chance; faults.py names them all.",
    ),
    "faults_refused": Words(
        403,
        "故障只能在本机上设置。",
        "在运行网关的机器上，直接向它的回环地址发送 JSON。",
        "Faults are set from this machine only.",
        "Send JSON straight to the gateway's loopback address on the machine where it runs.",
    ),
    "bad_token": Words(
        403,
        "表单里没有这笔交易的 token，或者 token 对不上。",
        "从商店重新打开付款页，再点按钮。",
        "The form does not carry the token of this trade.",
        "Open the payment page from the shop again and press the button there.",
    ),
    "unknown_choice": Words(
        400,
        "choice 要是 pay 或 cancel。",
        "用付款页上的按钮。",
        "choice must be pay or cancel.",
        "Use the buttons of the payment page.",
    ),
    "not_found": Words(
        404,
        "这里没有页面。",
        "付款从商店开始：商店会带你到正确的地址。",
        "There is no page here.",
        "Payments start in the shop; it brings you to the right address.",
    ),
    "not_understood": Words(
        400,
        "网关没有看懂这个请求（{what}）。",
        "回到商店，重新付款。",
        "The gateway did not understand this request ({what}).",
        "Go back to the shop and start the payment again.",
    ),
    "own_fault": Words(
        500,
        "网关自己出了错，原因在它的日志里。",
        "看网关的输出，修好后再试；已付款的交易不会丢状态。",
        "The gateway itself failed; its log says why.",
        "Read the gateway's output, mend it and try again.",
    ),
}
