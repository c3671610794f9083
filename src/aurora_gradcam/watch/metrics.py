"""What Prometheus reads: text format 0.0.4."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PREFIX = "aurora_watch"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def render(now: Mapping[str, Any], counts: Mapping[str, int], outputs: Mapping[str, Mapping[str, int]]) -> str:
    """The metrics as text.

    Parameters
    ----------
    now
        The newest state.
    counts
        Pictures by what became of them, `events` and `messages`.
    outputs
        By output: pending, delivered, failures, dropped.
    """
    lines: list[str] = []

    def metric(name: str, kind: str, text: str, samples: list[tuple[str, Any]]) -> None:
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines.extend([f"# HELP {PREFIX}_{name} {text}", f"# TYPE {PREFIX}_{name} {kind}"])
            lines.extend(f"{PREFIX}_{name}{labels} {float(value):.10g}" for labels, value in known)

    metric("aurora", "gauge", "1 while aurora is held true.", [("", now["aurora"] == "yes")])
    metric("p_aurora", "gauge", "P(aurora) of the last usable picture.", [("", now.get("p_aurora"))])
    metric("p_cloud", "gauge", "Probability of any cloud.", [("", now.get("p_cloud"))])
    metric("strength_kilorayleigh", "gauge", "Strength of the aurora.", [("", now.get("strength"))])
    metric("sun_altitude_degrees", "gauge", "Altitude of the Sun.", [("", now.get("sun_altitude"))])
    metric("asleep", "gauge", "1 while the Sun is too high.", [("", now["state"] == "asleep")])
    metric("trouble", "gauge", "1 while no usable pictures come.", [("", now["trouble"] == "yes")])
    taken = "When the last picture was taken, Unix time."
    metric("last_picture_seconds", "gauge", taken, [("", now.get("picture_time"))])
    pictures = [(f'{{status="{name}"}}', count) for name, count in sorted(counts.items()) if name != "events"]
    metric("pictures_total", "counter", "Pictures by what became of them.", pictures)
    metric("events_total", "counter", "Events of aurora that began.", [("", counts.get("events", 0))])
    for name, kind, text in (
        ("pending", "gauge", "Messages that wait for an output."),
        ("delivered", "counter", "Messages that an output took."),
        ("failures", "counter", "Tries that failed."),
        ("dropped", "counter", "Messages that were given up."),
    ):
        title = f"messages_{name}" if kind == "gauge" else f"messages_{name}_total"
        metric(title, kind, text, [(f'{{output="{output}"}}', each[name]) for output, each in outputs.items()])
    metric("resident_memory_bytes", "gauge", "Memory of the process.", [("", resident_bytes())])
    return "\n".join(lines) + "\n"
