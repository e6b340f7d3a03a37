"""Health (the process lives) and readiness (it can do its work)."""

from flask import Response, jsonify

from app.kit import readiness
from app.web.guard import unit
from app.web.platform import bp


@bp.get("/healthz")
@unit(None)
def healthz() -> Response:
    return jsonify(ok=True)


@bp.get("/readyz")
@unit(None)
def readyz() -> tuple[Response, int]:
    reasons, degraded = readiness.look()
    return jsonify(ok=not reasons, reasons=reasons, degraded=degraded), 503 if reasons else 200
