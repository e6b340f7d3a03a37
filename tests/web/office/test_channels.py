"""Message channels in the office: parties are connected, tried out, ordered and mended; keys are never shown again."""

import re
from typing import Any

import pytest

from app.kit import clock, db
from app.kit.effects import Answer, Done, Refused
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.ids import public
from app.kit.party import Account, BadAccount, Field, Finding, Kind
from app.messages import carrying, providers, queries, service
from app.messages.carrying import Fault
from app.messages.models import Carrier, StaffNote
from app.messages.providers import Channel, OutOfOrder, Template, sms
from app.messages.providers.aliyun import Aliyun
from app.messages.providers.fake import Fake
from app.messages.providers.tencent import Tencent
from tests import people
from tests.make import PASSWORD, Browser, Shop

SECRET = "s3cret-of-the-account"


class Post(Fake):
    """A party with a form, whose key must not be short."""

    fields: tuple[Field, ...] = (
        Field("number", "Number"),
        Field("world", "World", kind=Kind.CHOICE, choices=(("a", "A"), ("b", "B"))),
        Field("key", "Key", kind=Kind.PASSWORD),
    )
    numbered_by = "number"

    def __init__(self) -> None:
        super().__init__(Channel.SMS, name="post", title="Post", fields=self.fields, numbered_by="number")
        self.needs_template = True

    def check(self, account: Account) -> None:
        if len(account.key("key").expose()) < 10:
            raise BadAccount("key", "Give all of it.")

    def check_template(self, template: Template) -> None:
        if not template.code.startswith("T"):
            raise BadAccount("code", "It begins with T.")

    def probe(self, account: Account, http: Client) -> Answer:
        return Done((Finding("keys", well=True), Finding("query", well=False, message="No.", mend="Do it.")))


@pytest.fixture
def post(shop: Shop) -> Post:
    post = Post()
    providers.configure({"post": post, "aliyun": Aliyun("http://127.0.0.1:9"), "tencent": Tencent()})
    return post


@pytest.fixture
def owner(shop: Shop) -> Browser:
    return people.alice(shop)


def home(shop: Shop) -> str:
    return f"/office/{shop.slug}/channels"


def connect(shop: Shop, owner: Browser, **more: str) -> Any:
    page = f"{home(shop)}/new/post"
    return owner.post(page, {"number": "1001", "world": "a", "key": SECRET, "password": PASSWORD} | more, page=page)


def carriers(shop: Shop) -> list[Carrier]:
    return list(shop.read(queries.list_carriers))


def place(shop: Shop, row: Carrier) -> str:
    return f"{home(shop)}/{public('carrier', row.id)}"


def text(owner: Browser, url: str) -> str:
    answer = owner.get(url, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_a_party_is_connected_and_its_keys_are_sealed_and_never_shown(shop: Shop, owner: Browser, post: Post) -> None:
    answer = connect(shop, owner)

    (row,) = carriers(shop)
    assert answer.status_code == 303
    assert (row.account, row.settings, row.enabled, row.channel) == ("1001", {"world": "a"}, True, Channel.SMS)
    assert SECRET.encode() not in row.credentials
    assert shop.read(lambda: queries.way_of(row.id)).account.key("key").expose() == SECRET
    page = text(owner, answer.location)
    assert "1001" in page
    assert SECRET not in page


def test_what_cannot_work_is_refused_beside_its_field_and_nothing_is_kept(
    shop: Shop, owner: Browser, post: Post
) -> None:
    answer = connect(shop, owner, key="short")

    assert answer.status_code == 422
    assert 'href="#f-key"' in answer.get_data(as_text=True)
    assert "short" not in answer.get_data(as_text=True)
    assert carriers(shop) == []


def test_the_same_form_twice_is_one_carrier(shop: Shop, owner: Browser, post: Post) -> None:
    page = text(owner, f"{home(shop)}/new/post")
    once = re.search('name="once" value="([^"]+)"', page)
    assert once

    said = [connect(shop, owner, once=once[1]).location for _ in range(2)]

    assert said[0] == said[1]
    assert len(carriers(shop)) == 1


def test_an_account_is_connected_once_and_again_when_it_was_removed(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    (row,) = carriers(shop)

    answer = connect(shop, owner, world="b")

    assert answer.status_code == 422
    assert 'href="#f-number"' in answer.get_data(as_text=True)
    assert len(carriers(shop)) == 1
    shop.write(lambda: service.retire_carrier(row.id, even_last=True, now=clock.now(), by=SYSTEM))
    assert connect(shop, owner).status_code == 303


def test_what_tells_accounts_apart_makes_two_of_one_number(shop: Shop, owner: Browser, post: Post) -> None:
    known = {"key_id": "LTAI5tSome", "key_secret": "a1" * 15, "password": PASSWORD}
    page = f"{home(shop)}/new/aliyun"

    said = [owner.post(page, {**known, "sign_name": name}, page=page) for name in ("Shop", "School", "Shop")]

    assert [answer.status_code for answer in said] == [303, 303, 422]
    assert sorted(row.settings["sign_name"] for row in carriers(shop)) == ["School", "Shop"]


def test_an_empty_form_names_all_it_lacks_the_password_too(shop: Shop, owner: Browser, post: Post) -> None:
    page = f"{home(shop)}/new/aliyun"

    answer = owner.post(page, {}, page=page).get_data(as_text=True)

    assert {"f-key_id", "f-key_secret", "f-sign_name", "f-password"} <= set(re.findall('href="#([^"]+)"', answer))


def test_without_the_password_nothing_is_connected_or_changed(shop: Shop, owner: Browser, post: Post) -> None:
    assert connect(shop, owner, password="wrong").status_code == 422
    assert carriers(shop) == []
    connect(shop, owner)
    (row,) = carriers(shop)
    page = place(shop, row)
    answer = owner.post(f"{page}/account", {"world": "b", "key": "", "password": "wrong"}, page=page)
    assert answer.status_code == 422
    assert carriers(shop)[0].settings == {"world": "a"}


def test_a_key_that_is_left_empty_stays(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    (row,) = carriers(shop)
    page = place(shop, row)

    owner.post(f"{page}/account", {"world": "b", "key": "", "password": PASSWORD}, page=page)

    account = shop.read(lambda: queries.way_of(row.id)).account
    assert (account.setting("world"), account.key("key").expose()) == ("b", SECRET)


def test_the_order_of_a_channel_is_the_order_they_are_asked(shop: Shop, owner: Browser, post: Post) -> None:
    for number in ("1", "2"):
        connect(shop, owner, number=number)
    second = carriers(shop)[1]

    owner.post(f"{place(shop, second)}/up", {}, page=home(shop))

    set_texts(shop, *carriers(shop))
    lines = shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now()))
    assert [line.account.number for line in lines] == ["2", "1"]


def set_texts(shop: Shop, *rows: Carrier) -> None:
    for row in rows:
        shop.write(lambda row=row: service.set_templates(row.id, {("ready", "zh"): Template("T1")}))  # type: ignore[misc]


def test_who_is_switched_off_is_not_asked(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    page = place(shop, carriers(shop)[0])

    owner.post(f"{page}/switch", {"on": "0"}, page=page)
    assert shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now())) == []
    owner.post(f"{page}/switch", {"on": "1"}, page=page)
    assert len(shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now()))) == 1


def test_an_alarm_is_one_sentence_leaves_a_note_once_and_ends_when_somebody_mended_it(
    shop: Shop, owner: Browser, post: Post
) -> None:
    connect(shop, owner)
    (row,) = carriers(shop)
    fault = Fault(row.id, f"{sms.MONEY} · isv.AMOUNT_NOT_ENOUGH")
    for _ in range(2):
        shop.write(lambda: carrying.record_faults([fault], now=clock.now()))

    for page in (home(shop), place(shop, row)):
        said = text(owner, page)
        assert "The account there has no money left: top it up. (isv.AMOUNT_NOT_ENOUGH)" in said
        assert "Fixed: use it again" in said
    notes = shop.read(lambda: [note.kind for note in db.session().query(StaffNote)])
    assert notes == ["carrier.failed"]
    assert "A message channel is out of order" in text(owner, f"/office/{shop.slug}/notes")

    owner.post(f"{place(shop, row)}/mending", {}, page=place(shop, row))

    assert carriers(shop)[0].alarm == ""
    assert "In use again" in text(owner, place(shop, row))


def test_a_self_test_says_what_is_wrong_and_how_to_mend_it(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    page = place(shop, carriers(shop)[0])

    answer = owner.post(f"{page}/test", {}, page=page)

    assert answer.location.endswith("#test")
    said = text(owner, page)
    assert "Question to the service" in said
    assert "Do it." in said
    assert "Something is wrong" in said


# Texts -----------------------------------------------------------------------------------------------------------


def test_a_text_says_its_number_and_what_fills_it(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    (row,) = carriers(shop)
    page = f"{place(shop, row)}/templates/ready/zh"

    owner.post(page, {"code": "T7", "theirs_0": "no", "ours_0": "number"}, page=page)

    assert shop.read(lambda: queries.templates_of(row.id)) == {("ready", "zh"): Template("T7", (("no", "number"),))}
    assert "no: end of the order number" in text(owner, place(shop, row))
    owner.post(page, {"code": ""}, page=page)
    assert shop.read(lambda: queries.templates_of(row.id)) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "T7", "theirs_0": "no"},
        {"code": "T7", "ours_0": "number"},
        {"code": "T7", "theirs_0": "no", "ours_0": "digits"},
        {"code": "7"},
        {"theirs_0": "no", "ours_0": "number"},
    ],
)
def test_a_text_that_cannot_be_filled_is_refused(shop: Shop, owner: Browser, post: Post, wrong: dict[str, str]) -> None:
    connect(shop, owner)
    (row,) = carriers(shop)
    page = f"{place(shop, row)}/templates/ready/zh"

    assert owner.post(page, wrong, page=page).status_code == 422
    assert shop.read(lambda: queries.templates_of(row.id)) == {}


@pytest.mark.parametrize("address", ["templates/nothing/zh", "templates/ready/fr"])
def test_there_are_texts_for_what_is_told_and_spoken_alone(
    shop: Shop, owner: Browser, post: Post, address: str
) -> None:
    connect(shop, owner)

    assert owner.get(f"{place(shop, carriers(shop)[0])}/{address}").status_code == 404


# A message to oneself --------------------------------------------------------------------------------------------


def send(shop: Shop, owner: Browser, **more: str) -> Any:
    page = place(shop, carriers(shop)[0])
    return owner.post(f"{page}/trials", {"to": "13912345678", "what": "ready/zh"} | more, page=page)


def test_a_message_goes_to_oneself_and_says_how_it_went(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    set_texts(shop, *carriers(shop))

    assert send(shop, owner).status_code == 303

    (sent,) = post.sent
    assert sent.to.expose() == "13912345678"
    said = text(owner, place(shop, carriers(shop)[0]))
    assert "Taken, not known to have arrived" in said
    assert "139****5678" in said
    assert "13912345678" not in said


def test_a_carrier_that_refuses_says_why(shop: Shop, owner: Browser, post: Post) -> None:
    connect(shop, owner)
    set_texts(shop, *carriers(shop))
    post.answer = lambda _: Refused("isv.BLACK_KEY_CONTROL_LIMIT")

    send(shop, owner)
    assert "isv.BLACK_KEY_CONTROL_LIMIT" in text(owner, place(shop, carriers(shop)[0]))

    post.answer = lambda _: OutOfOrder(f"{sms.MONEY} · isv.AMOUNT_NOT_ENOUGH")
    send(shop, owner)
    assert carriers(shop)[0].alarm.startswith(sms.MONEY)


@pytest.mark.parametrize("wrong", [{"to": ""}, {"what": "ready"}, {"what": "nothing/zh"}, {"to": "1" * 200}])
def test_what_cannot_be_sent_is_refused_beside_its_field(
    shop: Shop, owner: Browser, post: Post, wrong: dict[str, str]
) -> None:
    connect(shop, owner)
    set_texts(shop, *carriers(shop))

    assert send(shop, owner, **wrong).status_code == 422
    assert post.sent == []


# Who may, and what it looks like with nothing --------------------------------------------------------------------


def test_only_an_owner_sees_it(shop: Shop, owner: Browser, post: Post) -> None:
    assert people.bob(shop, "operator").get(home(shop)).status_code == 403
    assert "Message channels" in text(owner, f"/office/{shop.slug}/")


def test_mail_is_always_there_and_parties_can_be_connected(shop: Shop, owner: Browser, post: Post) -> None:
    said = text(owner, home(shop))

    assert "Always there" in said
    for name in ("post", "aliyun", "tencent"):
        assert f"/new/{name}" in said
        assert text(owner, f"{home(shop)}/new/{name}")
    assert owner.get(f"{home(shop)}/new/nobody").status_code == 404
