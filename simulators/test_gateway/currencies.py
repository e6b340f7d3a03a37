"""The currencies the gateway takes: decimals and sign."""

# ISO 4217: code → (decimals, sign); without a sign of its own a currency shows its code alone.
CURRENCIES = {
    "AUD": (2, "A$"),
    "BHD": (3, ""),
    "BRL": (2, "R$"),
    "CAD": (2, "C$"),
    "CHF": (2, ""),
    "CNY": (2, "¥"),
    "EUR": (2, "€"),
    "GBP": (2, "£"),
    "HKD": (2, "HK$"),
    "IDR": (2, "Rp"),
    "INR": (2, "₹"),
    "JPY": (0, "¥"),
    "KRW": (0, "₩"),
    "KWD": (3, ""),
    "MOP": (2, "MOP$"),
    "MYR": (2, "RM"),
    "NZD": (2, "NZ$"),
    "PHP": (2, "₱"),
    "RUB": (2, "₽"),
    "SGD": (2, "S$"),
    "THB": (2, "฿"),
    "TWD": (2, "NT$"),
    "USD": (2, "$"),
    "VND": (0, "₫"),
}


def shown(amount: int, currency: str) -> str:
    """Return minor units as people write them: `¥1,999.00`."""
    decimals, sign = CURRENCIES[currency]
    whole, rest = divmod(amount, 10**decimals)
    return f"{sign}{whole:,}.{rest:0{decimals}d}" if decimals else f"{sign}{whole:,}"
