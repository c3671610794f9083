"""The files of a page: each under its own address, and no address that names a file."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

INDEX = "index.html"


def give_page(app: FastAPI, folder: Path) -> None:
    """Serve every file of a folder under its name, and `INDEX` at the root."""
    for path in sorted(folder.iterdir()):
        _give(app, "/" if path.name == INDEX else f"/{path.name}", path)


def _give(app: FastAPI, address: str, path: Path) -> None:
    # no argument of this function may name the file: FastAPI would take it from the address, with any path
    @app.get(address, response_class=FileResponse)
    def give() -> Path:
        return path
