"""Parties that carry messages for a shop under test, and what they were given."""

from app.kit import clock
from app.kit.party import Account
from app.messages import connecting, providers
from app.messages.models import Carrier
from app.messages.providers import Channel, Provider, Template
from app.messages.providers.fake import Fake
from tests.make import Shop

ABOUT = ("ready", "queued", "refunded", "code")


def connect(shop: Shop, party: Provider, account: Account | None = None, *, template: bool = True) -> Carrier:
    """Let a shop's messages go by a party, with an approved text for all they may be about."""
    providers.configure({**{name: providers.provider(name) for name in providers.names()}, party.name: party})
    held = account or Account("account", {}, {})
    carrier = shop.write(lambda: connecting.add_carrier(provider_name=party.name, account=held, now=clock.now()))
    if template:
        texts = {(about, "zh"): Template(f"SMS_{about}", (("number", "number"),)) for about in ABOUT}
        shop.write(lambda: connecting.set_templates(carrier.id, texts))
    return carrier


def connect_fake(shop: Shop, channel: Channel, name: str = "fake") -> Fake:
    """Connect a party that carries nothing and remembers everything."""
    fake = Fake(channel, name=name)
    connect(shop, fake)
    return fake
