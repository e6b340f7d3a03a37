"""The companies' surface: members sign in and act for their company, each as far as the role goes."""

from flask import Blueprint

bp = Blueprint("enterprise", __name__)

from app.web.enterprise import (  # noqa: E402, F401 (routes)
    account,
    balance,
    batches,
    extracting,
    handouts,
    joining,
    login,
    members,
    ordering,
    paying,
    redeeming,
    wallet,
    ways,
)
