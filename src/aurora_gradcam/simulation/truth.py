"""When aurora counts as visible: by its contrast with the same sky without it, where the sky is open.

Every pixel's contrast is the difference in levels between the picture with aurora and the same picture without, both
without noise. An even faint veil is no visible aurora (the study: "only an overall bluish tint without edges"), so most
of what lies over the whole sky alike is taken off. The unit is the least difference that stands out there: some levels
on a dark sky, more on a bright or a noisy one (Weber's law, and Rose's five-fold noise over an area).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .emission import NANOLAMBERT

LEAST_LEVELS = 5.0
"""Levels of 255 by which aurora must differ on a dark and quiet sky ..."""
WEBER_SHARE = 0.06
"""... as a share of the sky's own level where that is more ..."""
NOISE_TIMES = 2.5
"""... or times the deviation of the noise in a pixel of the truth's grid."""
VEIL_SHARE = 0.9
VISIBLE_FRACTION = 0.02
"""Aurora is visible when its contrast stands out over this share of the open sky."""
BORDERLINE = (0.6, 1.6)
"""Between these visibilities people would not agree: the frame is marked borderline."""
WEIGHTS = (0.299, 0.587, 0.114)
FORMS = ("none", "arc", "rays", "corona", "diffuse", "patchy")
"""Forms that the truth tells apart; a band, a folded arc, counts as an arc."""
FORM_OF = {"arc": 1, "band": 1, "rays": 2, "corona": 3, "diffuse": 4, "patchy": 5}
"""Place in `FORMS` of each form that is drawn."""
CLEAR_BELOW = 1 / 8
"""Share of the open sky under cloud below which a sky is clear: less than one okta (WMO No. 8, chapter 15) ..."""
OVERCAST_FROM = 7 / 8
"""... and from which it is overcast: more than seven oktas; between them it is broken."""
CLEAR, BROKEN, OVERCAST = 0, 1, 2
CLOUD_NAMES = ("clear", "broken", "overcast")
FLOOR_KR = 0.1
"""Least strength in kilorayleigh that counts, and the strength of a sky without aurora: less than half of the green
line of a quiet night's airglow, 0.25 kilorayleigh (Roach & Gordon 1973, The Light of the Night Sky, chapter 4)."""
PEAK_SHARE = 0.005
"""Share of the open sky that is at least as bright as the peak: a few pixels do not decide."""


@dataclass(frozen=True)
class Seen:
    """What the aurora of some frames amounts to.

    mask : bool (batch, size, size), where it stands out; visibility (batch,), the contrast in units of the least that
    stands out, which VISIBLE_FRACTION of the open sky reaches: 1 is the threshold; sky_fraction (batch,), share of the
    open sky in the mask; strength (batch,), mean contrast within the mask in levels, 0 without.
    """

    mask: Tensor
    visibility: Tensor
    sky_fraction: Tensor
    strength: Tensor

    @property
    def visible(self) -> Tensor:
        """Whether aurora is visible, bool (batch,)."""
        return self.visibility >= 1.0

    @property
    def borderline(self) -> Tensor:
        """Whether people would not agree on it, bool (batch,)."""
        low, high = BORDERLINE
        return (self.visibility >= low) & (self.visibility < high)


def seen(picture: Tensor, plain: Tensor, noise: float | Tensor, open_sky: Tensor) -> Seen:
    """Weigh pictures with aurora against the same ones without.

    picture, plain : levels 0..255 without noise, (batch, 3, size, size); noise : deviation in levels of a pixel,
    one for all or (batch,);
    open_sky : bool (size, size).
    """
    weights = torch.tensor(WEIGHTS, dtype=picture.dtype, device=picture.device)
    contrast = torch.einsum("bchw,c->bhw", (picture - plain).square(), weights).sqrt()
    level = torch.einsum("bchw,c->bhw", plain, weights)
    within = contrast[:, open_sky]
    veil = VEIL_SHARE * within.kthvalue(within.shape[1] // 10 + 1, dim=1).values
    least = WEBER_SHARE * level
    if isinstance(noise, Tensor):
        least = torch.maximum(least, (NOISE_TIMES * noise).clamp_min(LEAST_LEVELS)[:, None, None])
    else:
        least = least.clamp_min(max(LEAST_LEVELS, NOISE_TIMES * noise))
    ratio = (contrast - veil[:, None, None]).clamp_min(0) / least
    inside = ratio[:, open_sky]
    counted = max(1, round(VISIBLE_FRACTION * inside.shape[1]))
    visibility = inside.topk(counted, dim=1).values[:, -1]
    mask = (ratio >= 1) & open_sky
    area = mask.sum((1, 2))
    strength = torch.where(area > 0, (contrast * mask).sum((1, 2)) / area.clamp_min(1), 0.0)
    return Seen(mask, visibility, area / max(1, within.shape[1]), strength)


def cloud_class(share: Tensor) -> Tensor:
    """Class of each sky, int64 (batch,): CLEAR, BROKEN or OVERCAST; `share` (batch,) of the open sky under cloud."""
    return (share >= CLEAR_BELOW).long() + (share >= OVERCAST_FROM).long()


def strength(glow: Tensor, passed: Tensor, open_sky: Tensor) -> Tensor:
    """Decimal logarithm of the peak column emission in kilorayleigh as it reaches the camera, float32 (batch,).

    The emission along the line of sight in the brightest of the three bands, after clouds; never below that of
    FLOOR_KR. A green aurora of 10 kilorayleigh in a clear zenith gives 1.

    Parameters
    ----------
    glow
        Light of the aurora before clouds, nanolambert, (batch, 3, size, size).
    passed
        Share of it that clouds let through, (batch, 1, size, size).
    open_sky
        Where the sky is open, bool (size, size).
    """
    emission = ((glow * passed).amax(1) / NANOLAMBERT)[:, open_sky]
    counted = max(1, round(PEAK_SHARE * emission.shape[1]))
    peak = emission.topk(counted, dim=1).values[:, -1] if emission.shape[1] else emission.new_zeros(len(emission))
    return torch.log10(peak.clamp_min(FLOOR_KR)).float()


def form(shapes: Sequence[str], parts: Tensor, seen: Seen) -> Tensor:
    """Form that covers most of the visible area, int64 (batch,): place in `FORMS`, 0 where aurora is not visible.

    A pixel belongs to the form whose light is strongest there.

    Parameters
    ----------
    shapes
        Form of each part, one of those in `FORM_OF`.
    parts
        Light of each part before clouds, (parts, batch, size, size).
    seen
        What the aurora of the frames amounts to.
    """
    area = torch.zeros(len(seen.mask), len(FORMS), device=seen.mask.device)
    if len(shapes) and bool(seen.visible.any()):
        places = torch.tensor([FORM_OF[shape] for shape in shapes], device=seen.mask.device)
        strongest = places[parts.argmax(0)]
        for place in range(1, len(FORMS)):
            area[:, place] = ((strongest == place) & seen.mask).sum((1, 2))
    return torch.where(seen.visible, area.argmax(1), 0)
