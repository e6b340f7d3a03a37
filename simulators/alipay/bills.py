"""The bill of a day: a zip of two CSV files in GBK, as merchants know it."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime

from simulators.alipay.trades import Refund, Trade
from simulators.alipay.wire import CHINA, china, yuan

HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
).split(",")
NOTHING = "0.00"


def day_of(at: float) -> str:
    """Return the day in China of a moment."""
    return datetime.fromtimestamp(at, CHINA).date().isoformat()


def make(day: str, seller: str, trades: Sequence[Trade], refunds: Sequence[Refund]) -> bytes | None:
    """Return the zip of a day, or None when nothing happened on it."""
    by_number = {trade.out_trade_no: trade for trade in trades}
    rows = [_paid(trade) for trade in trades if trade.paid_at and day_of(trade.paid_at) == day]
    rows += [_refunded(by_number[refund.out_trade_no], refund) for refund in refunds if day_of(refund.at) == day]
    if not rows:
        return None
    files = {
        f"{seller}_{day.replace('-', '')}_业务明细.csv": [HEAD, *rows],
        f"{seller}_{day.replace('-', '')}_业务明细(汇总).csv": [
            ["门店编号", "交易订单总笔数"],
            ["合计", str(len(rows))],
        ],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in files.items():
            archive.writestr(name, _csv(day, seller, lines))
    return packed.getvalue()


def _paid(trade: Trade) -> list[str]:
    return _row(trade, "交易", trade.amount, trade.paid_at or 0, "", "")


def _refunded(trade: Trade, refund: Refund) -> list[str]:
    return _row(trade, "退款", -refund.amount, refund.at, refund.out_request_no, refund.reason)


def _row(trade: Trade, kind: str, amount: int, at: float, number: str, note: str) -> list[str]:
    money = ("-" if amount < 0 else "") + yuan(abs(amount))
    fee = round(amount * 6 / 1000)
    kept = ("-" if fee > 0 else "") + yuan(abs(fee))
    first = [f"{trade.trade_no}\t", f"{trade.out_trade_no}\t", kind, trade.subject, china(trade.created_at), china(at)]
    empty = ["", "", "", "", "158****0001", money, money]
    return [*first, *empty, *[NOTHING] * 5, "", NOTHING, NOTHING, number, kept, NOTHING, note]


def _csv(day: str, seller: str, lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    text.write(f"#支付宝业务明细查询\r\n#账号：[{seller}0156]\r\n#起始日期：[{day}]\r\n")
    csv.writer(text).writerows(lines)
    text.write(f"#导出时间：[{day}]\r\n")
    return text.getvalue().encode("gbk", "replace")
