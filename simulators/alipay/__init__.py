"""Alipay as its documents describe it: takes no money, behaves like the one that does.

A shop sends a buyer's browser to a signed *start* (page.pay, wap.pay), or asks for a QR code (precreate). A *trade*
begins only when the buyer signs in or scans: before that nobody here knows it (ACQ.TRADE_NOT_EXIST). It waits, is paid
or closed, and finishes when nothing of it can go back any more; one of which everything went back is closed too. The
shop is told by a *notice*, a signed form, posted until it answers `success`: eight times in 25 hours. Refunds are told
at the same address. *Faults* make it ill on demand.

Every request is signed under the key of the application (RSA2), every answer and notice under Alipay's; both in
public-key mode and with certificates. What was found of the real one and what was not stands in the project's facts.
"""
