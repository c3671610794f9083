"""`aurora watch`: tells when aurora is in a camera's picture, while the night goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE
from .options import Assignments, ParamsFile, params_of


def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder that fills, a picture that is overwritten, or an address (http, https, rtsp, .m3u8).",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the night's state, table, events and pictures.")] = Path(
        "watch"
    ),
    circle: Annotated[
        str,
        typer.Option(help="Sky circle x,y,r in pixels, or auto to find it; by default extract.circle of the params."),
    ] = "",
    model: Annotated[Path, typer.Option(help="Folder of classifier.safetensors and model.json.")] = Path("data/models"),
    host: Annotated[
        str, typer.Option(help="Address that the page listens on, such as 0.0.0.0 for the house's network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 8765,
    no_page: Annotated[bool, typer.Option("--no-page", help="No page, and no /metrics.")] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Watch a camera and tell when there is aurora: by MQTT, webhook or a program, on a page, and in tonight.csv.

    Every picture is classified as `aurora predict` does it. Aurora begins when watch.begin of watch.window pictures
    say so, and ends likewise, so that nothing flaps. By day (watch.sun_max) it sleeps. Stopped and started again, it
    goes on with the night, and no message is lost while a broker, the network or the disk is gone.

    Where messages go stands in the params (watch.mqtt, watch.webhook, watch.command); passwords and secret addresses
    stand in the environment or in files that it names, see docs/watch.md.

    For example:

    aurora watch /var/spool/allsky --params camera.yaml

    aurora watch https://camera.example/latest.jpg --circle auto --set watch.mqtt.host=homeassistant.local

    AURORA_WEBHOOK_URL_FILE=ntfy.txt aurora watch rtsp://camera.local/live --set watch.webhook=ntfy
    """
    from ..prediction import circles
    from ..watch.watch import Job, run

    settings = params_of(params, assignments)
    run(Job(source, out, settings, model, circles.parse_choice(circle), host, None if no_page else port))
