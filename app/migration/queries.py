"""What can be told of a migration, without a code."""

from typing import Any

from app.migration.plan import Line as Line
from app.migration.plan import Plan as Plan


def told(plan: Plan) -> dict[str, Any]:
    """Return what a plan would bring, as numbers and words for a program."""
    left = [{"what": what, "why": why, "count": count} for (what, why), count in list_left(plan)]
    return {
        "products": len(plan.products),
        "products_there": len({line.name for line in plan.lines.values() if line.is_there}),
        "skus": sum(map(len, plan.products.values())),
        "orders_not_taken": plan.orders,
        "codes": {"total": plan.codes, "shared": count_shared(plan)} | plan.counts,
        "left_out": left,
    }


def count_shared(plan: Plan) -> int:
    """Return how many shared codes would come."""
    return sum(line.codes for line in plan.lines.values() if line.uses)


def list_left(plan: Plan) -> list[tuple[tuple[str, str], int]]:
    """List what is left out and why, products before codes, most first."""
    found = [(reason, count) for reason, count in plan.left.items() if count]
    return sorted(found, key=lambda pair: (pair[0][0] != "product", -pair[1], pair[0]))
