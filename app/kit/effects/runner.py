"""The only runner of effects: leases, loads, calls with no unit open, settles in batches."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from contextvars import copy_context
from functools import cached_property, partial
from itertools import groupby
from typing import Any, Self
from uuid import UUID

import structlog

from app.kit import clock, db, failpoint, http
from app.kit.effects import book, leases
from app.kit.effects.doors import Doors
from app.kit.effects.kinds import Absent, Answer, Done, GaveUp, Kind, Lane, Refused, Temporary, Unknown, wired
from app.kit.effects.lanes import together
from app.kit.effects.leases import Change, Lease
from app.kit.effects.models import ALIVE, DUE_IN, Effect
from app.kit.rounds import ROWS, Rounds, Turn

log = structlog.get_logger()
GLANCE_SECONDS = 0.05
MOOT, BACK, UNLOADED = object(), object(), object()  # needs no call; nobody came to call it; its values cannot be had

_rounds = {lane: Rounds(Effect, due) for lane, due in DUE_IN.items()}
_doors = Doors()


def drain(*, seconds: float | None = None) -> int:
    """Make all due calls in fair rounds, within `seconds` the lanes side by side, and return how many were settled."""
    used = sorted({kind.lane for kind in wired().values()} | {Lane.HOUSE})  # there waits what had no lane once
    if seconds is not None:
        return together(used, _serve, seconds=seconds) if seconds else 0
    settled = 0
    while served := sum(_serve(lane, lambda: True) for lane in used):
        settled += served
    return settled


def _serve(lane: Lane, may_go_on: Callable[[], bool]) -> int:
    """Make the calls of a lane that are due."""
    with Runner(lane) as runner:
        while may_go_on() and _rounds[lane].run(runner.serve, may_go_on=may_go_on):
            pass
        return runner.settled


def perform(merchant_id: int, ids: Sequence[UUID], *, within: float) -> None:
    """Make these calls now, in this process, and wait for those another runner began; what is left a worker does."""
    _no_unit()
    turn = Turn(merchant_id, time.monotonic() + within)
    try:
        with Runner(None) as runner, http.within(within):
            runner.serve(turn, ids)
        while not turn.over and db.read(merchant_id, lambda: book.is_called(ids)):
            time.sleep(GLANCE_SECONDS)
    except Exception:
        log.exception("effect.perform_failed", merchant=merchant_id)


class Runner:
    """Serves merchants in one lane, and keeps one client for each kind, opened when first needed."""

    def __init__(self, lane: Lane | None) -> None:
        self.settled = 0
        self._lane = lane  # None: only effects that are named
        self._clients: dict[str, tuple[AbstractContextManager[Any], Any]] = {}
        self._clients_lock = threading.Lock()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        for name in list(self._clients):
            self._close(name)

    def serve(self, turn: Turn, ids: Sequence[UUID] | None = None) -> int:
        """Make due calls of one merchant while its turn lasts, and return how many leases were worked off."""
        worked = 0
        while worked < ROWS and not (worked and turn.over):
            room = ROWS - worked
            leased = db.write(turn.merchant_id, lambda: self._take(room, ids))  # noqa: B023 (called in this turn)
            if not leased:
                break
            self._work(turn, leased)
            worked += len(leased)
        return worked

    def _take(self, room: int, ids: Sequence[UUID] | None) -> list[Lease]:
        due = DUE_IN[self._lane] if self._lane is not None else ALIVE
        open_ones = [name for name, kind in wired().items() if not _doors.is_shut(kind.door)]
        if ids is None:
            return leases.take(due, open_ones, room)
        return leases.take(due & Effect.id.in_(ids), open_ones, room, ahead=leases.HEAD_START)

    def _work(self, turn: Turn, leased: list[Lease]) -> None:
        values = self._load(turn.merchant_id, leased)
        answers: list[tuple[Lease, Any]] = []
        for wave in _waves(leased):
            is_over = bool(answers) and turn.over
            answers += zip(wave, self._abreast(wave, values, is_over), strict=True)
        self._settle(turn.merchant_id, answers)

    def _abreast(self, wave: list[Lease], values: Mapping[UUID, Any], is_over: bool) -> list[Any]:
        """Return what becomes of each lease of a wave, whose calls are made side by side."""
        if len(wave) == 1:
            return [self._one(wave[0], values, is_over)]
        calls = [partial(self._one, lease, values, is_over) for lease in wave]
        return list(self._threads.map(lambda call: call[0].run(call[1]), [(copy_context(), call) for call in calls]))

    def _one(self, lease: Lease, values: Mapping[UUID, Any], is_over: bool) -> Any:
        late = is_over or clock.now() >= lease.until or _doors.is_shut(lease.kind.door)
        value = values.get(lease.intent.id, MOOT)
        if value is MOOT or value is UNLOADED:
            return value
        return BACK if late else self._answer(lease, value)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return self._open.enter_context(ThreadPoolExecutor(max(kind.abreast for kind in wired().values())))

    # Loading ---------------------------------------------------------------------------------------------------

    def _load(self, merchant: int, leased: list[Lease]) -> dict[UUID, Any]:
        values: dict[UUID, Any] = {}
        for _, group in groupby(sorted(leased, key=_kind_name), key=_kind_name):
            same = list(group)
            try:
                values |= self._load_kind(merchant, same)
            except Exception:
                log.exception("effect.load_failed", kind=same[0].kind.name, merchant=merchant)
                values |= self._load_one_by_one(merchant, same)
        return values

    def _load_kind(self, merchant: int, same: list[Lease]) -> dict[UUID, Any]:
        intents = [lease.intent for lease in same]
        return dict(db.read(merchant, lambda: same[0].kind.load(intents)))

    def _load_one_by_one(self, merchant: int, same: list[Lease]) -> dict[UUID, Any]:
        values: dict[UUID, Any] = {}
        for lease in same:
            try:
                values |= self._load_kind(merchant, [lease])
            except Exception as error:
                log.warning("effect.unloaded", effect=str(lease.intent.id), error=type(error).__name__)
                values[lease.intent.id] = UNLOADED
        return values

    # Calling ---------------------------------------------------------------------------------------------------

    def _answer(self, lease: Lease, value: Any) -> Answer:
        """Query what is in doubt, call what is certainly not done, give up what may not be called."""
        kind, past = lease.kind, lease.is_past_deadline(clock.now()) and not lease.is_first_question
        if lease.doubtful and not kind.repeatable:
            if kind.query is None:
                return GaveUp("nobody knows whether it happened", unknown=True)
            answer = self._reach(kind, kind.query, value)
            if isinstance(answer, Temporary):
                return Unknown(answer.reason)  # it is the question that failed; the call stays in doubt
            if not isinstance(answer, Absent):
                return answer
        if past:
            return GaveUp("deadline passed", unknown=lease.doubtful and kind.repeatable)
        answer = self._reach(kind, kind.call, value)
        return Unknown("answered with neither yes nor no") if isinstance(answer, Absent) else answer

    def _reach(self, kind: Kind, reach: Callable[[Any, Any], Answer], value: Any) -> Answer:
        """Reach the other side; an exception of a call says nothing about what happened there."""
        _no_unit()
        try:
            client = self._client(kind)
        except Exception as error:
            log.warning("effect.no_client", kind=kind.name, error=type(error).__name__)
            return Temporary(f"no client: {type(error).__name__}")
        failpoint.reach(f"call.before:{kind.name}")
        answer = self._outcome(kind, reach, value, client)
        failpoint.reach(f"call.after:{kind.name}")
        _doors.tell(kind.door, well=not isinstance(answer, Temporary | Unknown))
        return answer

    def _outcome(self, kind: Kind, reach: Callable[[Any, Any], Answer], value: Any, client: Any) -> Answer:
        try:
            answer = reach(value, client)
        except http.Unreachable as error:
            return Temporary(str(error))
        except Exception as error:
            log.exception("effect.call_raised", kind=kind.name)
            self._close(kind.name)
            return Unknown(type(error).__name__)
        if isinstance(answer, Done | Refused | Temporary | Unknown | Absent):
            return answer
        log.error("effect.strange_answer", kind=kind.name, answer=type(answer).__name__)
        return Unknown("answered with neither yes nor no")

    def _client(self, kind: Kind) -> Any:
        with self._clients_lock:
            if kind.name not in self._clients:
                line = kind.client()
                self._clients[kind.name] = (line, line.__enter__())
            return self._clients[kind.name][1]

    def _close(self, name: str) -> None:
        line, _ = self._clients.pop(name, (None, None))
        if line is not None:
            with suppress(Exception):  # a broken connection may not even close
                line.__exit__(None, None, None)

    # Settling --------------------------------------------------------------------------------------------------

    def _settle(self, merchant: int, answers: list[tuple[Lease, Any]]) -> None:
        """Settle all in one unit; if that fails, one by one, so that a poisoned one spoils no other."""
        try:
            self.settled += db.write(merchant, lambda: _settle(answers))
            return
        except Exception:
            log.exception("effect.batch_failed", merchant=merchant)
        for lease, answer in answers:
            try:
                self.settled += db.write(merchant, lambda: _settle([(lease, answer)]))  # noqa: B023 (called in this turn)
            except Exception as error:
                log.exception("effect.settle_failed", kind=lease.kind.name, effect=str(lease.intent.id))
                self._put_off(merchant, lease, answer, f"settling failed: {type(error).__name__}")

    def _put_off(self, merchant: int, lease: Lease, answer: Any, note: str) -> None:
        happened = isinstance(answer, Done | Refused | Unknown)  # or may have
        change = leases.put_off(lease, clock.now(), called=happened, note=note)
        try:
            db.write(merchant, lambda: leases.write_down([change]))
        except Exception:
            log.exception("effect.not_put_off", effect=str(lease.intent.id))  # its lease will run out


def _settle(answers: Sequence[tuple[Lease, Any]]) -> int:
    """Write answers down in the running unit, let the areas act on them, and return how many ended so."""
    now = clock.now()
    changes: list[Change] = []
    told: list[tuple[Lease, Answer]] = []
    for lease, answer in answers:
        if answer is MOOT:
            changes.append(leases.moot(lease, now))
        elif answer is BACK:
            changes.append(leases.given_back(lease, now))
        elif answer is UNLOADED:
            changes.append(leases.put_off(lease, now, called=False, note="its values cannot be loaded"))
        else:
            told.append((lease, leases.final(lease, answer, now)))
            changes.append(leases.settled(*told[-1], now))
    ours = leases.write_down(changes)
    for lease, answer in told:
        if lease.intent.id in ours:
            lease.kind.settle(lease.intent, answer)
    unsettled = [lease for lease, answer in answers if answer is BACK or answer is UNLOADED]
    return len(ours - {lease.intent.id for lease in unsettled})


def _waves(leased: Sequence[Lease]) -> Iterator[list[Lease]]:
    """Yield what is called together: leases of one kind, as many as it lets be under way."""
    for kind, group in groupby(leased, key=lambda lease: lease.kind):
        same = list(group)
        yield from (same[begin : begin + kind.abreast] for begin in range(0, len(same), kind.abreast))


def _kind_name(lease: Lease) -> str:
    return lease.kind.name


def _no_unit() -> None:
    if db.is_open():
        raise RuntimeError("A unit is open: outside calls are made when none is.")
