"""An event's pictures: small ones while it lasts, then its clip, and its best frame."""

from __future__ import annotations

import io
import logging
import queue
import shutil
import threading
from collections import deque
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..errors import AuroraError
from ..files import atomic_write
from ..preprocessing import ffmpeg_tool

logger = logging.getLogger(__name__)

EVENTS = "events"
CLIP, BEST = "clip.mp4", "best.jpg"
SIDE = 480
"""Pixels of a clip's pictures."""
LONGEST = 600
"""Pictures of a clip; where there are more, every second one goes."""
FPS = 12
QUALITY = 85
FRAMES = "frames"


def small(frame: np.ndarray, utc: datetime) -> bytes:
    """A frame at `SIDE` with its time in a corner, as JPEG."""
    image = Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    ImageDraw.Draw(image).text((8, SIDE - 20), f"{utc:%Y-%m-%d %H:%M:%S} UTC", fill=(230, 230, 230))
    return jpeg(np.asarray(image))


def jpeg(frame: np.ndarray, quality: int = QUALITY) -> bytes:
    """A frame as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


class Studio:
    """Collects the small pictures of an event below `events/NAME`, and has a thread make the clip once it is over."""

    def __init__(self, folder: Path, before: int) -> None:
        self.folder = folder / EVENTS
        self._before: deque[tuple[datetime, bytes]] = deque(maxlen=before)
        self._numbers = 0
        self._every = 1
        self._seen = 0
        self._work: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._make_all, name="clips", daemon=True)
        self._thread.start()

    def resume(self, running: str) -> None:
        """After a restart: make the clips that are missing, but for that of the running event."""
        for frames in sorted(self.folder.glob(f"*/{FRAMES}")):
            if frames.parent.name == running:
                self._numbers = 1 + max((int(path.stem) for path in frames.glob("*.jpg")), default=-1)
            else:
                self._work.put(frames.parent.name)

    def begin(self, name: str, began: datetime) -> None:
        """An event begins, with the pictures since `began`."""
        self._numbers, self._every, self._seen = 0, 1, 0
        for utc, picture in self._before:
            if utc >= began:
                self._add(name, picture)
        self._before.clear()

    def picture(self, name: str, frame: np.ndarray, utc: datetime) -> None:
        """One more picture: of the event, or, where `name` is empty, before one."""
        if name:
            self._seen += 1
            if self._seen % self._every == 0:
                self._add(name, small(frame, utc))
        elif self._before.maxlen:
            self._before.append((utc, small(frame, utc)))

    def best(self, name: str, frame: np.ndarray) -> None:
        """The event's best frame so far."""
        with atomic_write(self.folder / name / BEST) as temporary:
            temporary.write_bytes(jpeg(frame, 92))

    def end(self, name: str) -> None:
        """The event is over: the clip is made."""
        self._work.put(name)

    def close(self) -> None:
        """Finish the clip that is being made."""
        self._work.put(None)
        self._thread.join(30)

    def _add(self, name: str, picture: bytes) -> None:
        frames = self.folder / name / FRAMES
        with atomic_write(frames / f"{self._numbers:06d}.jpg") as temporary:
            temporary.write_bytes(picture)
        self._numbers += 1
        if self._numbers >= LONGEST:
            self._thin(frames)

    def _thin(self, frames: Path) -> None:
        pictures = sorted(frames.glob("*.jpg"))
        for path in pictures[1::2]:
            path.unlink()
        for number, path in enumerate(pictures[::2]):
            path.rename(frames / f"{number:06d}.jpg")
        self._numbers, self._every = len(pictures[::2]), self._every * 2

    def _make_all(self) -> None:
        while (name := self._work.get()) is not None:
            try:
                make(self.folder / name)
            except (AuroraError, OSError) as error:
                logger.warning(f"the clip of {name} could not be made: {error}")


def make(folder: Path) -> None:
    """Make `clip.mp4` of an event's small pictures, and remove these."""
    frames = folder / FRAMES
    pictures = sorted(frames.glob("*.jpg"))
    if pictures:
        for number, path in enumerate(pictures):  # numbers without gaps, as ffmpeg wants them
            path.rename(frames / f"{number:06d}.jpg")
        with atomic_write(folder / CLIP) as temporary:
            command = ["ffmpeg", "-v", "error", "-y", "-nostdin", "-framerate", str(FPS), "-i", "%06d.jpg"]
            command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-pix_fmt", "yuv420p"]
            done = ffmpeg_tool.call(
                [*command, "-movflags", "+faststart", "-f", "mp4", str(temporary.absolute())], frames
            )
            if done.returncode:
                ffmpeg_tool.raise_system_failure(done.stderr, folder)
                raise OSError(ffmpeg_tool.reason(done.stderr))
    shutil.rmtree(frames, ignore_errors=True)
