"""Static files: kept for a year by browsers, since their address changes with their content."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for

LETTERS = 10


def register(app: Flask) -> None:
    """Put a mark of the content behind each address of a static file."""
    folder = Path(app.static_folder or "")
    marks = {str(file.relative_to(folder)): _mark(file) for file in folder.rglob("*") if file.is_file()}

    @app.url_defaults
    def _version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename") in marks:
            values["v"] = marks[values["filename"]]

    app.jinja_env.globals["asset"] = lambda filename: _address(request.script_root, filename)


@lru_cache  # a page asks for dozens, and they change with a new process only
def _address(_root: str, filename: str) -> str:
    return url_for("static", filename=filename)


def _mark(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:LETTERS]
