"""What tests of gifting need: a company's batch, and short ways to hand it out."""

from app.gifting import service
from app.gifting.models import ProofKind
from app.gifting.queries import Person
from app.kit import clock
from app.kit.events import SYSTEM
from tests.companies.firm import Firm


def hand_out(firm: Firm) -> None:
    """Let a company buy two pieces, give one to somebody, and take the other in clear."""
    firm.shop.codes(2)
    firm.top_up(2 * 1999)
    order = firm.order(2)
    plan = service.Plan(firm.id, order.id, "New Year", ProofKind.REFERENCE, "en")
    people = [Person("Li Wei", "E-1", "li@example.com")]
    number = firm.shop.write(lambda: service.draft(plan, people, now=clock.now(), by=SYSTEM))
    given = {"company_id": firm.id, "count": 1, "now": clock.now(), "by": SYSTEM}
    firm.shop.write(lambda: service.confirm(number, **given))  # type: ignore[arg-type]
    wanted = service.Wanted(firm.id, order.id, 1, "a form")
    firm.shop.write(lambda: service.extract(wanted, network="", now=clock.now(), by=SYSTEM))
