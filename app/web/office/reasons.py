"""Why a message did not leave: our own words in the reader's language, another side's as it said them."""

from flask_babel import gettext

from app.kit.errors import words

MARKS = (" · ", ": ")  # between what we say and the other side's own words, its code or a detail
SENTENCES = frozenset({
    words("a robot tells nobody what it said"),
    words("a value is missing"),
    words("a value looks like a link, which no SMS may hold"),
    words("all carriers of this channel rest"),
    words("another process is asking for the access token"),
    words("answer not understood"),
    words("answered with neither yes nor no"),
    words("answered with status"),
    words("answered without a token"),
    words("cannot be reached"),
    words("it is night at the shop"),
    words("it is not known there yet"),
    words("no answer"),
    words("no answer to the letter"),
    words("no clear answer to the letter"),
    words("no consent to such a message is left"),
    words("no template is set for this message"),
    words("nobody carries messages of this channel"),
    words("not understood"),
    words("nothing is known of it yet"),
    words("the carrier that may have it is connected no more"),
    words("the certificate of the mail server is not good"),
    words("the code is too long or too short for an SMS"),
    words("the contact cannot be opened, for its key is missing"),
    words("the contact is no e-mail address"),
    words("the contact is no phone number"),
    words("the letter cannot be put together"),
    words("the letter cannot be written"),
    words("the mail server cannot be reached"),
    words("the mail server does not offer what is asked of it (TLS or log-in)"),
    words("the mail server hung up"),
    words("the mail server knows no addresses with such letters"),
    words("the mail server took too long"),
    words("the message cannot be written"),
    words("the records do not have it yet"),
    words("this is no address"),
    words("this is no user ID of DingTalk"),
    words("this is no user ID of WeCom"),
    words("this number was sent codes too often"),
    words("took too long"),
    words("WeChat tells nobody what became of a subscribe message"),
    words("WeCom knows nobody of this user ID, or the app is not visible to them"),
})  # fmt: skip
BEFORE = {"no approved text is set for this message": "no template is set for this message"}  # kept in older rows


def reason_words(reason: str) -> str:
    """Return a reason as a person of the shop reads it."""
    if not reason or reason in SENTENCES or reason in BEFORE:
        return gettext(BEFORE.get(reason, reason)) if reason else ""
    for mark in MARKS:
        head, found, detail = reason.partition(mark)
        if found and (head in SENTENCES or mark == MARKS[0]):
            return f"{gettext(head)} · {reason_words(detail)}"
    return reason
