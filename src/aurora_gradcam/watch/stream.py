"""One picture every interval from a live stream, RTSP or HLS, by ffmpeg."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

from ..errors import ToolError
from ..preprocessing.ffmpeg_tool import INSTALL
from ..processes import end_with_parent
from .arrival import Arrival, Trouble
from .secrets import environment_without, secret

TIMEOUT_S = 45.0
"""For ffmpeg to connect, to wait for a whole picture, and to give it."""
PROTOCOLS = "pipe,http,https,tls,tcp,udp,rtp,rtsp,rtmp,crypto,data"
"""All but files: a playlist from elsewhere must not name one of this machine."""


class StreamSource:
    """Connects anew for every picture, so that no broken connection lasts.

    The address reaches ffmpeg as a list on its standard input, since its arguments can be read by every user of the
    machine, and an address may need a password.
    """

    is_asked = True

    def __init__(self, address: str, interval_s: float) -> None:
        self.interval_s, self._next = interval_s, 0.0
        parts = urlsplit(address)
        self.name = parts.netloc
        if user := secret("AURORA_SOURCE_USER"):
            login = f"{quote(user, safe='')}:{quote(secret('AURORA_SOURCE_PASSWORD'), safe='')}"
            parts = parts._replace(netloc=f"{login}@{parts.netloc}")
        quoted = urlunsplit(parts).replace("'", "%27").replace("\n", "")
        self._list = f"ffconcat version 1.0\nfile '{quoted}'\n"
        if parts.scheme.startswith("rtsp"):
            self._list += "option rtsp_transport tcp\n"
        elif parts.path.endswith(".m3u8"):
            self._list += "option live_start_index -1\n"

    def poll(self) -> list[Arrival]:
        """The stream's picture now, where the interval is over."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + self.interval_s
        command = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-protocol_whitelist", PROTOCOLS]
        command += ["-skip_frame", "nokey", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1"]
        command += ["-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-q:v", "2", "-f", "image2pipe", "pipe:1"]
        try:
            done = subprocess.run(
                command,
                input=self._list.encode(),
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
                env=environment_without(),
                preexec_fn=end_with_parent,
            )
        except FileNotFoundError as error:
            raise ToolError("ffmpeg is not installed", "ffmpeg", INSTALL) from error
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"{self.name}: no picture within {TIMEOUT_S:g} s") from error
        if done.returncode or not done.stdout:
            raise Trouble(f"{self.name}: ffmpeg got no picture")  # what it printed may hold the address
        return [Arrival("stream.jpg", done.stdout, datetime.now(UTC))]
