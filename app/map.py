"""The areas in the order they may know each other: an area calls only those before it."""

AREAS = (
    "merchants",
    "accounts",
    "messages",
    "ledger",
    "catalog",
    "inventory",
    "migration",
    "pricing",
    "risk",
    "orders",
    "payments",
    "entitlements",
    "refunds",
    "delivery",
    "redemption",
    "companies",
    "gifting",
    "support",
    "finance",
)
