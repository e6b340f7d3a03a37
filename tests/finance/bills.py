"""Bills as the channels write them, of what was sold in a test, and a gateway that gives them."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

from app.finance.shapes import CHINA
from app.kit.effects import Answer, Done, Refused
from app.kit.http import Client
from app.payments.providers import Account
from app.payments.providers.test_gateway import TestGateway
from tests.make import GATEWAY

ALIPAY = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
WECHAT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
SUMMARY = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）\r\n合计,,1,0,19.99,19.99\r\n"


@dataclass(frozen=True)
class Item:
    """One line of a bill; amounts and fees in fen, refunds below zero."""

    trade_no: str
    number: str
    amount: int
    fee: int = 0
    at: datetime = datetime(2026, 1, 5, 12, tzinfo=UTC)
    refund_no: str = ""

    @property
    def time(self) -> str:
        return self.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def alipay_csv(items: Sequence[Item]) -> bytes:
    """Return the detail as Alipay writes it: GBK, remarks above and below, tabs after numbers."""
    lines = ["#支付宝业务明细查询", "#账号：[20881234567890120156]", "#-----业务明细列表-----", ALIPAY]
    for item in items:
        kind = "退款" if item.amount < 0 else "交易"
        fee = yuan(-item.fee)
        head = f"{item.trade_no}\t,{item.number}\t,{kind},月卡,{item.time},{item.time},,,,,张*(138***@qq.com)"
        lines.append(
            f"{head},{yuan(item.amount)},{yuan(item.amount)},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{item.refund_no},{fee},0.00,"
        )
    lines += ["#-----业务明细列表结束-----", "#导出时间：[2026年01月06日 10:01:00]", ""]
    return "\r\n".join(lines).encode("gbk")


def alipay_zip(items: Sequence[Item]) -> bytes:
    """Return the zip of summary and detail."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("20881234_20260105_业务明细(汇总).csv", f"#汇总\r\n{SUMMARY}".encode("gbk"))
        archive.writestr("20881234_20260105_业务明细.csv", alipay_csv(items))
    return held.getvalue()


def wechat_csv(items: Sequence[Item]) -> bytes:
    """Return the bill as WeChat Pay writes it: UTF-8 with a mark, back-ticks, yuan, sums at its end."""
    lines = [WECHAT]
    for item in items:
        back = item.amount < 0
        sums = ("0.00", yuan(-item.amount)) if back else (yuan(item.amount), "0.00")
        cells = [item.time, "wx1", "1900000001", "0", "", item.trade_no, item.number, "openid", "NATIVE"]
        cells += ["REFUND" if back else "SUCCESS", "OTHERS", "CNY", sums[0], "0.00"]
        cells += [
            "50000" if back else "0",
            item.refund_no or "0",
            sums[1],
            "0.00",
            "ORIGINAL" if back else "",
            "SUCCESS" if back else "",
        ]
        cells += ["月卡", "", f"{yuan(item.fee)}000", "0.60%", sums[0], sums[1], ""]
        lines.append(",".join(f"`{cell}" for cell in cells))
    lines += [
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        "`1,`19.99,`0.00,`0.00,`0.12,`19.99,`0.00",
    ]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def stripe_csv(items: Sequence[Item]) -> bytes:
    """Return the balance history as Stripe's page exports it, a payout within."""
    lines = ["id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC),Description,client_reference_id"]
    for place, item in enumerate(items):
        kind, at = ("refund" if item.amount < 0 else "charge"), item.at.strftime("%Y-%m-%d %H:%M")
        net = yuan(item.amount - item.fee)
        lines.append(
            f"txn_{place},{kind},{item.trade_no},{yuan(item.amount)},{yuan(item.fee)},{net},cny,"
            f'{at},{at},"a, b",{item.number}'
        )
    lines.append("txn_out,payout,po_1,-100.00,0.00,-100.00,cny,2026-01-05 13:00,2026-01-05 13:00,STRIPE PAYOUT,")
    return "\n".join(lines).encode()


def plain_csv(items: Sequence[Item], header: str = "商户订单号,交易号,金额,手续费,支付时间") -> bytes:
    """Return a table as some 易支付 site exports it."""
    rows = [f"{item.number},{item.trade_no},{yuan(item.amount)},{yuan(item.fee)},{item.time}" for item in items]
    return "\n".join([header, *rows]).encode("gbk")


class Billed(TestGateway):
    """A gateway that gives the bill it is told to give."""

    __test__ = False

    def __init__(self, answer: bytes | str) -> None:
        super().__init__(GATEWAY.origin, "the secret of the test gateway")
        self.answer, self.asked = answer, list[date]()

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        self.asked.append(day)
        return Done(self.answer) if isinstance(self.answer, bytes) else Refused(self.answer)

    def is_test(self, account: Account) -> bool:
        return False


def morning_after(day: date) -> datetime:
    """Return when the bill of a day is fetched by itself."""
    return datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC) + timedelta(days=1)
