"""Companies: who buys for many, and the people who act for it.

Owns the *company*, its *members* (people with a role, who may belong to several companies) and the *invites* that make
them. What it paid ahead is a balance whose holder it is. An order placed for a company is a *batch* of its wallet.
Promises: a company keeps an administrator; who is no member any more is out at the next click.
"""
