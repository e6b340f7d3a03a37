"""Amounts as Stripe writes them: whole numbers of a currency's smallest unit, which is not always ours."""

from app.kit.money import Money, NotMoney, exponent

# What Stripe takes, and the least of it in our minor units: its own figures where it names them, else what is worth
# half a US dollar, since it converts and compares.
LEAST = {
    "AED": 200,
    "AUD": 50,
    "BHD": 200,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CLP": 500,
    "CNY": 400,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "IDR": 1000000,
    "ILS": 200,
    "INR": 5000,
    "ISK": 80,
    "JOD": 400,
    "JPY": 50,
    "KRW": 800,
    "KWD": 200,
    "MOP": 500,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "OMR": 200,
    "PHP": 3000,
    "PLN": 200,
    "RON": 200,
    "SAR": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "TND": 2000,
    "TRY": 2500,
    "TWD": 1700,
    "UGX": 2000,
    "USD": 50,
    "VND": 15000,
    "XAF": 400,
    "XOF": 400,
    "XPF": 100,
    "ZAR": 1000,
}
HUNDREDFOLD = frozenset({"ISK", "UGX"})  # have no decimals any more, but are written as if they had two
MOST_DIGITS = 8


def accepts(due: Money) -> bool:
    """Tell whether Stripe takes this amount of this currency."""
    least = LEAST.get(due.currency)
    return least is not None and due.minor >= least and _is_even(due) and len(str(to_stripe(due))) <= MOST_DIGITS


def to_stripe(amount: Money) -> int:
    """Return an amount as Stripe writes it."""
    return amount.minor * (100 if amount.currency in HUNDREDFOLD else 1)


def from_stripe(amount: object, currency: object) -> Money:
    """Return what Stripe wrote as our money; raises NotMoney."""
    if type(amount) is not int or not isinstance(currency, str):
        raise NotMoney(f"{amount!r} {currency!r}")
    name = currency.upper()
    whole, rest = divmod(amount, 100) if name in HUNDREDFOLD else (amount, 0)
    if rest:
        raise NotMoney(f"{amount!r} {currency!r}")
    return Money(whole, name)


def _is_even(due: Money) -> bool:
    """Of three decimals Stripe takes two, the last digit must be zero."""
    return exponent(due.currency) < 3 or due.minor % 10 == 0
