"""A party that carries nothing and remembers what it was given: for tests."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.kit.effects import Absent, Answer, Done
from app.kit.http import Client
from app.kit.party import Account, Field, Finding
from app.messages.providers.base import Carried, Channel, Message, Receipt, Template


@dataclass
class Fake:
    """Answers every send with what `answer` says, or takes it."""

    channel: Channel
    name: str = "fake"
    title: str = "Fake"
    fields: tuple[Field, ...] = (Field("account", "Account"),)
    numbered_by: str = "account"
    needs_template: bool = False
    answer: Callable[[Message], Answer] | None = None
    sent: list[Message] = field(default_factory=list)

    def check(self, account: Account) -> None:
        """Any account will do."""

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        answer = self.answer(message) if self.answer else Done(Carried(message.key.hex))
        if isinstance(answer, Done):
            self.sent.append(message)
        return answer

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        taken = any(number in ("", sent.key.hex) and sent.key == message.key for sent in self.sent)
        return Done(Receipt(message.key.hex, arrived=True)) if taken else Absent()

    def probe(self, account: Account, http: Client) -> Answer:
        return Done([Finding("keys", well=True)])
