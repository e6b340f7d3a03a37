"""Tables of gifting."""

from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned
from app.messages.queries import Channel

LIVING = text("entitlement_id IS NOT NULL AND revoked_at IS NULL")
WAITING = text("state = 0")


class ProofKind(IntEnum):
    """By what a person proves to be the one a claim is for, beside the link."""

    REFERENCE = 0  # what the company knows them by: a staff number
    WORD = 1  # made by us, told by the company


class HandoutState(IntEnum):
    DRAFT = 0
    GIVEN = 1


class GiftState(IntEnum):
    """WAITING it is in nobody's sight; CLAIMED for good; RETURNED it is its giver's again, who took it back or was left
    with it."""

    WAITING = 0
    CLAIMED = 1
    RETURNED = 2


class Giving(IntEnum):
    """What buyers may give on: nothing, what nobody has looked at, or all, its receiver told that it was looked at."""

    NOTHING = 0
    UNSEEN = 1
    ALL = 2


class CampaignState(IntEnum):
    RUNNING = 0
    PAUSED = 1
    ENDED = 2


class Handout(Owned):
    """A list of people that entitlements of one batch are given to."""

    __tablename__ = "handout"
    __table_args__ = (
        Index(None, "merchant_id", "company_id", "id"),
        Index(None, "merchant_id", "order_id"),
        choice_check("proof", ProofKind),
        choice_check("state", HandoutState),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    proof: Mapped[ProofKind] = mapped_column(Choice(ProofKind))
    lang: Mapped[str] = mapped_column(Text)
    state: Mapped[HandoutState] = mapped_column(Choice(HandoutState))
    key_id: Mapped[UUID] = mapped_column(Id)
    total: Mapped[int] = mapped_column(Integer)
    ready: Mapped[int] = mapped_column(Integer)  # rows that something can be given to
    created_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    given_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)  # of its links


class HandoutRow(Owned):
    """A person of a handout, with what is given and what became of it; its link is signed and kept nowhere."""

    __tablename__ = "handout_row"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "handout_id"], ["handout.merchant_id", "handout.id"]),
        UniqueConstraint("merchant_id", "handout_id", "line"),
        Index(
            "ix_handout_row_living",
            "merchant_id",
            "entitlement_id",
            unique=True,
            postgresql_where=LIVING,
            sqlite_where=LIVING,
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    handout_id: Mapped[UUID] = mapped_column(Id)
    line: Mapped[int] = mapped_column(Integer)
    problem: Mapped[str] = mapped_column(Text)  # why nothing can be given; rules.PROBLEMS has words for it
    person: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    contact_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_mask: Mapped[str] = mapped_column(Text)
    chat: Mapped[Channel | None] = mapped_column(Choice(Channel), default=None)  # where they have a user ID
    chat_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)  # their user ID there
    entitlement_id: Mapped[UUID | None] = mapped_column(Id)
    proved_at: Mapped[datetime | None] = mapped_column(Moment, default=None)  # when its person last proved themselves
    device_id: Mapped[UUID | None] = mapped_column(Id)  # the browser that proved itself last
    opened_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    told_at: Mapped[datetime | None] = mapped_column(Moment)  # when a message was last asked for
    told_by: Mapped[Channel | None] = mapped_column(Choice(Channel), default=None)  # the present way of it
    then: Mapped[list[int]] = mapped_column(JSON, default=list)  # the ways that are left if that one fails
    reminders: Mapped[int] = mapped_column(Integer)

    upwards: Mapped[int] = column_property(-line.column)  # type: ignore[attr-defined]  # lists run down, lines run up


class Extract(Owned):
    """Codes of a batch that a company took in clear, to use them elsewhere; they are handed out no more.

    `key` is of the form it came by, so that a form sent twice takes once; `times` is how often its file was made.
    """

    __tablename__ = "code_extract"
    __table_args__ = (
        UniqueConstraint("merchant_id", "company_id", "key"),
        Index(None, "merchant_id", "company_id", "last_at"),
        Index(None, "merchant_id", "order_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    key: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)
    times: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)


class ExtractRow(Owned):
    """One of the entitlements of an extract; no entitlement is in two."""

    __tablename__ = "code_extract_row"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "extract_id"], ["code_extract.merchant_id", "code_extract.id"]),
        UniqueConstraint("merchant_id", "extract_id", "line"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    extract_id: Mapped[UUID] = mapped_column(Id)
    line: Mapped[int] = mapped_column(Integer)


class Gift(Owned):
    """One entitlement that its owner gives to somebody, by a link that is signed and kept nowhere.

    From its making on the entitlement is in the gift's hand, out of sight of who gives it. `from_id` is the gift that
    the giver had it by, if it is given on.
    """

    __tablename__ = "gift"
    __table_args__ = (
        Index(
            "ix_gift_waiting",
            "merchant_id",
            "entitlement_id",
            unique=True,
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index(None, "merchant_id", "order_id"),
        Index(None, "merchant_id", "from_id"),
        Index(None, "merchant_id", "device_id"),
        Index(None, "merchant_id", "contact_index"),
        choice_check("state", GiftState),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    entitlement_id: Mapped[UUID] = mapped_column(Id)
    from_id: Mapped[UUID | None] = mapped_column(Id)
    state: Mapped[GiftState] = mapped_column(Choice(GiftState))
    giver: Mapped[str] = mapped_column(Text)
    receiver: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    by_word: Mapped[bool] = mapped_column(Boolean)  # who claims it types a word that the giver tells
    seen_at: Mapped[datetime | None] = mapped_column(Moment)  # when somebody had first looked at it before
    made_at: Mapped[datetime] = mapped_column(Moment)
    opens_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # when it was claimed, or returned
    opened_at: Mapped[datetime | None] = mapped_column(Moment)  # when its receiver first saw the code
    device_id: Mapped[UUID | None] = mapped_column(Id)  # the browser that claimed it, or proved itself last
    key_id: Mapped[UUID | None] = mapped_column(Id)
    contact_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # where the receiver has the link sent
    contact_mask: Mapped[str] = mapped_column(Text)
    proved_at: Mapped[datetime | None] = mapped_column(Moment, default=None)  # when its receiver last proved themselves
    contact_index: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    lang: Mapped[str] = mapped_column(Text)


class GiftRule(Owned):
    """What buyers of a shop may give on; a shop without a row keeps to rules.GIVING."""

    __tablename__ = "gift_rule"
    __table_args__ = (choice_check("giving", Giving),)

    giving: Mapped[Giving] = mapped_column(Choice(Giving))


class ClaimCampaign(Owned):
    """So many pieces of a SKU for whoever comes by a link or a poster. `taken` never passes `cap`: it is the count."""

    __tablename__ = "claim_campaign"
    __table_args__ = (
        choice_check("state", CampaignState),
        CheckConstraint("taken >= 0 AND taken <= cap", name="taken"),
        CheckConstraint("per_person > 0 AND per_network >= 0", name="limits"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    word: Mapped[str] = mapped_column(Text)  # "" without one
    cap: Mapped[int] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer)
    per_person: Mapped[int] = mapped_column(Integer)  # of one contact, and of one browser
    per_network: Mapped[int] = mapped_column(Integer)  # 0 is no limit
    starts_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[CampaignState] = mapped_column(Choice(CampaignState))
    created_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def left(self) -> int:
        return self.cap - self.taken

    @property
    def last_minute(self) -> datetime:
        """Return until when people are told to come: 23:59 of its last day, not midnight of the next."""
        return self.ends_at - timedelta(minutes=1)


class CampaignClaim(Owned):
    """One piece of a campaign, and whose it is; each person's claims are numbered, so that none counts twice."""

    __tablename__ = "campaign_claim"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "campaign_id"], ["claim_campaign.merchant_id", "claim_campaign.id"]),
        UniqueConstraint("merchant_id", "campaign_id", "contact_index", "of_contact"),
        UniqueConstraint("merchant_id", "campaign_id", "device_id", "of_device"),
        UniqueConstraint("merchant_id", "campaign_id", "idem"),
    )

    order_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(Id)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary)
    of_contact: Mapped[int] = mapped_column(Integer)
    device_id: Mapped[UUID] = mapped_column(Id)
    of_device: Mapped[int] = mapped_column(Integer)
    idem: Mapped[bytes] = mapped_column(LargeBinary)  # of the form it came by
    at: Mapped[datetime] = mapped_column(Moment)


class CampaignRefusal(Owned):
    """How many came to a campaign and were given nothing, by why."""

    __tablename__ = "campaign_refusal"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "campaign_id"], ["claim_campaign.merchant_id", "claim_campaign.id"]),
    )

    campaign_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
