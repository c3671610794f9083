"""A copy of a video in which the pictures that nobody needs are blanked, so that the decoder passes over them.

H.264 marks the pictures from which no other is predicted (nal_ref_idc 0; ITU-T H.264, 7.4.1). Such a picture, where it
is not sampled, need not be decoded: in the copy its slices become filler data (nal_unit_type 12), which decoders
discard. Sizes, places and times stay as they are, so that all else is read as from the video itself, and every other
picture is decoded to the same pixels. In a video with three B frames between its P frames, half of all pictures go, and
a third of the decoder's work.
"""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import AuroraError
from . import ffmpeg_tool

MEDIA = {".mp4", ".m4v", ".mov"}
"""Endings of containers in which a packet is a run of NAL units, each behind its length (ISO/IEC 14496-15)."""
LENGTH_BYTES = 4
SLICE, KEY_SLICE, FILLER = 1, 5, 12
TYPE_BITS, REFERENCE_BITS = 0x1F, 0x60
LEAST_SHARE = 0.05
"""Share of the packets below which a copy costs more than it saves."""

Packet = tuple[int, int, int]
"""Presentation time in ticks, place in the file and size, both in bytes."""


def packets(path: Path) -> list[Packet]:
    """The packets of a video's pictures, in the order in which they are decoded; none where it is no H.264 in MP4."""
    if path.suffix.lower() not in MEDIA:
        return []
    entries = ("-show_entries", "stream=codec_name:packet=pts,pos,size")
    answer = ffmpeg_tool.probe(path, "-select_streams", "V:0", *entries)
    if [stream.get("codec_name") for stream in answer["streams"]] != ["h264"]:
        return []
    return [
        (int(packet["pts"]), int(packet["pos"]), int(packet["size"]))
        for packet in answer.get("packets", [])
        if "pts" in packet and "pos" in packet
    ]


def slices(content: mmap.mmap | bytearray, place: int, size: int) -> list[int]:
    """Where the headers of a packet's slices lie; none where the packet is no run of whole NAL units."""
    headers, end = [], place + size
    while place < end:
        length = int.from_bytes(content[place : place + LENGTH_BYTES], "big")
        place += LENGTH_BYTES
        if not 0 < length <= end - place:
            return []
        if content[place] & TYPE_BITS in range(SLICE, KEY_SLICE + 1):
            headers.append(place)
        place += length
    return headers


def is_needless(content: mmap.mmap | bytearray, headers: list[int]) -> bool:
    """Whether no other picture is predicted from the one whose slices begin there."""
    return bool(headers) and not any(content[place] & REFERENCE_BITS for place in headers)


def thinned(path: Path, is_wanted: Callable[[int], bool], copy: Path) -> tuple[set[int], set[int]]:
    """Write the copy; return the presentation times (ticks) of the blanked pictures, and of the wanted ones.

    Without a gain worth a copy, or without room for it, nothing is written and both sets are empty.
    """
    try:
        listed = packets(path)
    except AuroraError:
        return set(), set()  # the decoder will say what is wrong with the video
    unwanted = [packet for packet in listed if not is_wanted(packet[0])]
    if len(unwanted) < LEAST_SHARE * len(listed) or not unwanted:
        return set(), set()
    try:
        shutil.copyfile(path, copy)
        with copy.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            blanked = set(_blank(content, unwanted))
    except OSError:
        blanked = set()
    if len(blanked) < LEAST_SHARE * len(listed):
        copy.unlink(missing_ok=True)
        return set(), set()
    return blanked, {ticks for ticks, *_ in listed} - {ticks for ticks, *_ in unwanted}


def _blank(content: mmap.mmap, unwanted: list[Packet]) -> Iterator[int]:
    for ticks, place, size in unwanted:
        headers = slices(content, place, size) if place + size <= len(content) else []
        if is_needless(content, headers):
            for header in headers:
                content[header] = FILLER
            yield ticks
