"""Companies: who buys for many, and the people who act for it.

Owns the *company*, its *members* (people with a role, who may belong to several companies), the *invites* that make
them, and its *account*: money the company paid ahead, each change a *movement*. An order placed for a company is a
*batch* of its wallet. Promises: an account never goes below nothing, however many spend at once; money counts once for
each transfer, order and payback; a company keeps an administrator; who is no member any more is out at the next click.
"""
