"""What the demo shop sells: made-up brands, so that nobody's name is used."""

from dataclasses import dataclass

from app.catalog.queries import Kind


@dataclass(frozen=True)
class Good:
    """A product of the demo with its one SKU; prices in fen, texts are (name, summary, guide)."""

    slug: str
    sku: str
    kind: Kind
    price: int
    cost: int
    codes: int
    zh: tuple[str, str, str]
    en: tuple[str, str, str]


GOODS = (
    Good(
        "yunting-month", "YT-MONTH", Kind.CODE, 1500, 1080, 1000,
        ("云听音乐会员 · 月卡", "付款后立即到账，一码一用。", "云听 App → 我的 → 兑换会员 → 粘贴。"),
        ("Yunting Music · 1 month", "A redemption code right after payment; each works once.",
         "Open the Yunting app → Me → Redeem → paste the code."),
    ),
    Good(
        "xingye-quarter", "XY-QUARTER", Kind.CODE, 5800, 4560, 250,
        ("星野视频会员 · 季卡", "手机、平板、电脑可用，可叠加续期。", "登录星野视频 → 会员中心 → 激活码兑换。"),
        ("Xingye Video · 3 months", "For phone, tablet and PC; extends a running membership.",
         "Sign in to Xingye Video → Membership → Redeem a code."),
    ),
    Good(
        "lanjing-points-500", "LJ-500", Kind.CARD, 4900, 4310, 200,
        ("蓝鲸游戏点卡 · 500 点", "卡号加密码，充值即到。", "进入充值中心，选择点卡充值，填写卡号和密码。"),
        ("Lanjing game card · 500 points", "Card number and PIN, credited at once.",
         "Open the top-up centre, choose game card, enter number and PIN."),
    ),
    Good(
        "haicha-coupon", "HC-COUPON", Kind.CODE, 990, 600, 150,
        ("海茶饮品券 · 任意中杯", "全国门店通用，到店出示券码。", "点单时向店员出示券码。"),
        ("Haicha drink voucher", "Any medium drink in any of its stores.", "Show the code when you order."),
    ),
    Good(
        "moshu-suite", "MS-SUITE", Kind.CODE, 19900, 14500, 120,
        ("墨枢办公套件 · 一年授权", "一个许可证密钥，两台设备。", "安装后打开 关于 → 输入许可证密钥。"),
        ("Moshu office suite · 1 year", "One licence key for two devices.", "Open About → Enter licence key."),
    ),
    Good(
        "feiyu-cloud", "FY-CLOUD", Kind.ACCOUNT, 3600, 2500, 80,
        ("飞屿云盘 · 体验账号", "账号加密码，登录即用。", "用收到的账号和密码登录，首次登录后修改密码。"),
        ("Feiyu Drive · trial account", "An account with its password, ready to use.",
         "Sign in with what you got and change the password."),
    ),
    Good(
        "qingtuan-meal", "QT-MEAL", Kind.CODE, 2000, 1650, 120,
        ("青团外卖红包 · 满 30 减 20", "下单时自动抵扣。", "我的 → 红包卡券 → 兑换。"),
        ("Qingtuan delivery voucher", "¥20 off from ¥30.", "Me → Vouchers → Redeem."),
    ),
    Good(
        "luobo-card-100", "LB-100", Kind.CARD, 9800, 9550, 80,
        ("萝卜购物卡 · 面值 100 元", "卡号加密码，绑定后长期有效。", "结算页选择购物卡 → 绑定新卡。"),
        ("Luobo gift card · ¥100", "Card number and PIN; does not expire once bound.",
         "At checkout choose gift card → bind a new card."),
    ),
)  # fmt: skip
