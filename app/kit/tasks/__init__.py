"""Tasks: long work in small steps with its progress, and standing watches that sleep until something is due.

A step is one write unit that does a slice of the work and moves its own position, so a kill loses nothing and repeats
nothing. The task's row only says who is at it, how far it is and when to look again.
"""

from app.kit.tasks.book import cancel as cancel
from app.kit.tasks.book import find as find
from app.kit.tasks.book import get as get
from app.kit.tasks.book import start as start
from app.kit.tasks.book import wake as wake
from app.kit.tasks.kinds import Kind as Kind
from app.kit.tasks.kinds import Step as Step
from app.kit.tasks.kinds import wire as wire
from app.kit.tasks.models import State as State
from app.kit.tasks.models import Task as Task
from app.kit.tasks.runner import drain as drain
from app.kit.tasks.runner import run as run
