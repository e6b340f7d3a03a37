"""Robots: they tell a group of the staff what notes tell, seldom enough not to be shut up.

A robot has at most one effect on its way. While that waits for its turn more notes may come, and then all are told in
one message. The row of the robot is the lock: who leaves a note and who settles a message see each other's work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from app.kit import db, effects
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.messages import queries
from app.messages.carrying import Fault, record_faults
from app.messages.events import RobotSet
from app.messages.models import IN_ORDER, Carrier, Robot, RobotNote, StaffNote
from app.messages.providers import Channel
from app.messages.rules import free_at, spend

EFFECTS = {Channel.WECOM_ROBOT: "messages.wecom_robot", Channel.DINGTALK_ROBOT: "messages.dingtalk_robot"}
LIFE = timedelta(hours=24)
MOST = 500  # notes told at once; the message counts them, and shows the first few


@dataclass(frozen=True)
class Spoken:
    """How a message went: the notes in it, whether a call was made, and what was wrong with the carrier."""

    told: Sequence[UUID] = ()
    called: bool = False
    faults: Sequence[Fault] = ()


def tell_robots(note: StaffNote, *, now: datetime) -> None:
    """Have every robot of the shop tell its group of a note, but for those that leave out its kind."""
    for carrier in list_carriers():
        robot = lock(carrier.id)
        if note.kind in robot.silent:
            continue
        db.session().add(RobotNote(carrier_id=carrier.id, note_id=note.id))
        if not robot.is_asked:
            _ask(carrier, robot, now)


def set_kinds(carrier_id: UUID | None, *, silent: Sequence[str], now: datetime, by: By) -> None:
    """Choose which kinds of notes a robot leaves out; raises NotFound."""
    carrier = queries.get_connected(carrier_id)
    if carrier.channel not in EFFECTS:
        raise NotFound
    robot = lock(carrier.id)
    if sorted(robot.silent) == sorted(silent):
        return
    robot.silent = sorted(silent)
    publish(RobotSet(subject_id=carrier.id, silent=robot.silent, at=now, by=by))


def record_spoken(carrier_id: UUID, spoken: Spoken, *, now: datetime) -> None:
    """Record that a robot spoke, or could not; what came meanwhile is told next, in its turn."""
    record_faults(spoken.faults, now=now)
    carrier, robot = db.get(Carrier, carrier_id), lock(carrier_id)
    db.session().refresh(carrier)
    if spoken.called:
        robot.spent_until = spend(robot.spent_until, now)
        robot.spoke_at = now if spoken.told else robot.spoke_at
    waiting = RobotNote.carrier_id == carrier_id
    if carrier.enabled and not carrier.alarm:
        db.session().execute(delete(RobotNote).where(waiting, RobotNote.note_id.in_(spoken.told)))
    else:  # nobody hears it; the notes stand in the office all the same
        db.session().execute(delete(RobotNote).where(waiting))
    robot.is_asked = False
    if db.session().scalar(select(RobotNote.note_id).where(waiting).limit(1)) is not None:
        _ask(carrier, robot, now)


def record_try(carrier_id: UUID, *, now: datetime) -> None:
    """Count a message that did not get through, or may have: it is tried again, with what came meanwhile."""
    robot = lock(carrier_id)
    robot.spent_until = spend(robot.spent_until, now)


def give_up(carrier_id: UUID) -> None:
    """Leave it at what could not be told within a day."""
    db.session().execute(delete(RobotNote).where(RobotNote.carrier_id == carrier_id))
    lock(carrier_id).is_asked = False


def list_carriers() -> Sequence[Carrier]:
    """List the robots that are in order; always in the same order, as their rows are locked."""
    mine = (Carrier.channel.in_(EFFECTS), *IN_ORDER)
    return db.session().scalars(select(Carrier).where(*mine).order_by(Carrier.id)).all()


def lock(carrier_id: UUID) -> Robot:
    """Return the row of a robot, made if there is none, that nobody else changes until the commit."""
    fresh = {"merchant_id": db.merchant_id(), "carrier_id": carrier_id, "silent": [], "is_asked": False}
    db.session().execute(db.insert_or(Robot).values(fresh).on_conflict_do_nothing())
    mine = select(Robot).where(Robot.carrier_id == carrier_id).with_for_update()
    return db.session().scalars(mine.execution_options(populate_existing=True)).one()


def _ask(carrier: Carrier, robot: Robot, now: datetime) -> None:
    robot.is_asked = True
    due = max(free_at(robot.spent_until, now), carrier.rests_until or now)
    effects.intend(EFFECTS[carrier.channel], carrier.id, due_at=due, deadline=due + LIFE)
