"""Accounts: the people who work in shops, and the browsers that buy there.

Owns *users* (global: one person may work for several merchants), *memberships* (a user's role in one merchant),
*sessions* (rows, so that ending one works at once), *password resets* (a leave to choose a new password, once), *tries*
(the throttle of whatever can be guessed) and *devices* (the browser of a buyer, known by a random token of which we
keep a digest). Promises: passwords are argon2id, no answer tells whether an e-mail is known, a wrong password costs a
try, and a changed one ends every other session.
"""
