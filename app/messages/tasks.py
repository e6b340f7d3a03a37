"""Long work of messages: a watch over what is over."""

from app.kit import tasks
from app.messages.retiring import TIDY, tidy

KINDS = (tasks.Kind(TIDY, tidy),)
