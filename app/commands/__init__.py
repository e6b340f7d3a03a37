"""The command line: `flask --app wsgi …`; each command prints one JSON object as its last line."""

from flask import Flask

from app.commands import codes, demo, doctor, ledger, mails, migrating, shops, users


def register(app: Flask) -> None:
    """Add our commands to Flask's."""
    app.cli.add_command(codes.codes)
    app.cli.add_command(codes.stock)
    app.cli.add_command(ledger.ledger)
    app.cli.add_command(mails.mail)
    app.cli.add_command(migrating.migrate_in)
    app.cli.add_command(shops.shop)
    app.cli.add_command(demo.demo)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(users.user)
