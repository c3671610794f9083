"""From levels to the finished picture, for cameras with `equipment`: what is done to it after the lens.

The order is that of a real camera: the sensor's own pixels, its noise and faults, the program's stretch, false colours
and overlays, and the file's loss. The truth is weighed after stretch and colours, as people see the picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import bands, faults, framing, markings, sensor, stretch
from .camera import FULL, Camera
from .ephemeris import Ephemeris
from .equipment import NONE


@dataclass(frozen=True)
class Room:
    """What stays the same through a night; `size` is the picture's side, `side` that at which it was recorded.

    `recorded` is bool (size, size), `open_sky` bool (grid, grid), what the sensor records and no overlay covers;
    `layer` is drawn into every picture.
    """

    camera: Camera
    size: int
    side: int
    recorded: Tensor
    open_sky: Tensor
    layer: np.ndarray | None
    pattern: faults.Pattern | None


@dataclass(frozen=True)
class Finish:
    """How some pictures are finished: their tones, and what is drawn into each of them."""

    room: Room
    tones: stretch.Tones | None
    layers: list[np.ndarray | None]

    def of(self, levels: Tensor, number: int | None = None) -> Tensor:
        """Levels (batch, 3, height, width) as people see them, without overlays; of picture `number` alone if named."""
        if self.tones is not None:
            levels = self.tones.of(levels, number)
        band = self.room.camera.look.band
        return levels if band is None else bands.coloured(levels, band.palette)

    def uncovered(self, mask: Tensor) -> Tensor:
        """The truth's mask, (batch, grid, grid), but for what the pictures' own overlays cover."""
        kept = mask.clone()
        for k, layer in enumerate(self.layers):
            if layer is not None:
                kept[k] &= ~torch.from_numpy(markings.covered(layer, mask.shape[-1])).to(mask.device)
        return kept


def make_room(camera: Camera, size: int, grid: int, device: torch.device | str = "cpu") -> Room | None:
    """The room of a night for pictures of `size` pixels and a truth of `grid`; None for a camera without equipment."""
    equipment = camera.equipment
    if equipment == NONE and camera.look.band is None:
        return None
    side = framing.native(equipment.framing, size)
    recorded = framing.recorded(equipment.framing, size)
    open_sky = framing.recorded(equipment.framing, grid)
    layer = markings.static_layer(equipment.markings, camera, size)
    if layer is not None:
        open_sky = open_sky & torch.from_numpy(~markings.covered(layer, grid))
    finest = side if side < size else FULL
    pattern = None
    if equipment.faults != NONE.faults:
        pattern = faults.pattern(equipment.faults, side, camera.look.band is not None, finest, device)
    return Room(camera, size, side, recorded.to(device), open_sky.to(device), layer, pattern)


def finish_of(room: Room, levels: Tensor, inside: Tensor, at: Ephemeris, latitude: float) -> Finish:
    """How pictures are finished whose smooth sky has these levels, (batch, 3, grid, grid), and shows where `inside`."""
    equipment = room.camera.equipment
    kept = framing.recorded(equipment.framing, levels.shape[-1]).to(levels.device) & inside
    tones = stretch.tones(levels, kept, equipment.stretch) if equipment.stretch else None
    layers = [
        markings.turning_layer(equipment.markings, room.camera, room.size, float(sidereal), latitude)
        for sidereal in at.sidereal
    ]
    return Finish(room, tones, layers)


def noise_of(finish: Finish, grid: int) -> Tensor | float:
    """Deviation in levels of the noise of a pixel of the truth's grid: (batch,), or one number for all."""
    room = finish.room
    deviation = room.camera.look.noise * min(1.0, grid / (room.side if room.side < room.size else FULL))
    return deviation if finish.tones is None else deviation * finish.tones.slope


def developed(finish: Finish, k: int, number: int, levels: Tensor, noise: Tensor) -> Tensor:
    """The finished picture `k` of the batch, uint8 (3, size, size), of levels (3, size, size) without noise.

    number : that of the picture in the night;
    noise : that of `sensor.noise_of`, of the same shape.
    """
    room = finish.room
    camera, side = room.camera, room.side
    levels = framing.reduced(levels, side) if side < room.size else levels
    if side < room.size:  # each of the few pixels has its whole noise
        noise = noise[:, :side, :side] / sensor.noise_scale(room.size)
    if camera.look.band is not None:
        noise = noise[:1]
    levels = sensor.add_noise(levels, noise, camera.look)
    if room.pattern is not None:
        levels = faults.add_faults(levels, camera.equipment.faults, room.pattern, number)
    levels = finish.of(levels[None], k)[0]
    picture = levels.add(0.5).clamp_(0, 255).to(torch.uint8)
    layers = [layer for layer in (room.layer, finish.layers[k]) if layer is not None]
    if layers or camera.equipment.jpeg:
        array = picture.permute(1, 2, 0).cpu().numpy()
        for layer in layers:
            array = markings.compose(array, markings.resized(layer, side))
        array = compressed(array, camera.equipment.jpeg) if camera.equipment.jpeg else array
        picture = torch.from_numpy(array.copy()).permute(2, 0, 1).to(levels.device)
    if side < room.size:
        picture = framing.blown_up(picture, camera.equipment.framing, room.size)
    return picture * room.recorded


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """A uint8 picture (height, width, 3) as JPEG (ITU-T T.81) of a quality gives it back."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored))
