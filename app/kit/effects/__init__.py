"""Effects: calls to something outside, made after the commit that asked for them, settled exactly once.

A unit stores an intent; a runner leases it, loads values, calls with no unit open, and settles the answer in a unit
of its own. What became of a call that nobody saw end is unknown: then only the kind's query may follow.
"""

from app.kit.effects.book import again as again
from app.kit.effects.book import get as get
from app.kit.effects.book import intend as intend
from app.kit.effects.book import list_of as list_of
from app.kit.effects.book import list_stuck as list_stuck
from app.kit.effects.kinds import Absent as Absent
from app.kit.effects.kinds import Answer as Answer
from app.kit.effects.kinds import Done as Done
from app.kit.effects.kinds import GaveUp as GaveUp
from app.kit.effects.kinds import Intent as Intent
from app.kit.effects.kinds import Kind as Kind
from app.kit.effects.kinds import Lane as Lane
from app.kit.effects.kinds import Refused as Refused
from app.kit.effects.kinds import Temporary as Temporary
from app.kit.effects.kinds import Unknown as Unknown
from app.kit.effects.kinds import wire as wire
from app.kit.effects.leases import HEAD_START as HEAD_START
from app.kit.effects.models import Effect as Effect
from app.kit.effects.models import State as State
from app.kit.effects.runner import drain as drain
from app.kit.effects.runner import perform as perform
