"""The stars of the simulated sky: the brightest real ones, and invented faint ones."""

from __future__ import annotations

from functools import cache

import numpy as np

from .milky_way import GALACTIC

# name, right ascension in hours and minutes, declination in degrees and minutes (J2000), V, B-V
_BRIGHT = """
Sirius 6 45.1 -16 43 -1.46 0.00|Arcturus 14 15.7 +19 11 -0.05 1.23|Vega 18 36.9 +38 47 0.03 0.00
Capella 5 16.7 +46 00 0.08 0.80|Rigel 5 14.5 -8 12 0.13 -0.03|Procyon 7 39.3 +5 13 0.37 0.42
Betelgeuse 5 55.2 +7 24 0.45 1.85|Altair 19 50.8 +8 52 0.77 0.22|Aldebaran 4 35.9 +16 31 0.86 1.54
Spica 13 25.2 -11 10 0.98 -0.24|Antares 16 29.4 -26 26 1.06 1.83|Pollux 7 45.3 +28 02 1.14 1.00
Fomalhaut 22 57.7 -29 37 1.16 0.09|Deneb 20 41.4 +45 17 1.25 0.09|Regulus 10 08.4 +11 58 1.36 -0.09
Castor 7 34.6 +31 53 1.58 0.04|Bellatrix 5 25.1 +6 21 1.64 -0.21|Elnath 5 26.3 +28 36 1.65 -0.13
Alnilam 5 36.2 -1 12 1.69 -0.18|Alnitak 5 40.8 -1 57 1.74 -0.20|Alioth 12 54.0 +55 58 1.76 -0.02
Mirfak 3 24.3 +49 52 1.79 0.48|Dubhe 11 03.7 +61 45 1.81 1.06|Wezen 7 08.4 -26 24 1.83 0.67
Alkaid 13 47.5 +49 19 1.85 -0.10|Menkalinan 5 59.5 +44 57 1.90 0.08|Alhena 6 37.7 +16 24 1.93 0.00
Mirzam 6 22.7 -17 57 1.98 -0.24|Alphard 9 27.6 -8 40 1.99 1.44|Polaris 2 31.8 +89 16 1.98 0.64
Hamal 2 07.2 +23 28 2.01 1.15|Algieba 10 20.0 +19 51 2.01 1.13|Diphda 0 43.6 -17 59 2.04 1.02
Nunki 18 55.3 -26 18 2.05 -0.13|Mirach 1 09.7 +35 37 2.06 1.58|Alpheratz 0 08.4 +29 05 2.07 -0.04
Saiph 5 47.8 -9 40 2.07 -0.17|Kochab 14 50.7 +74 09 2.07 1.47|Rasalhague 17 34.9 +12 34 2.08 0.16
Algol 3 08.2 +40 57 2.09 0.00|Almach 2 03.9 +42 20 2.10 1.37|Denebola 11 49.1 +14 34 2.14 0.09
Sadr 20 22.2 +40 15 2.23 0.67|Mizar 13 23.9 +54 56 2.23 0.06|Schedar 0 40.5 +56 32 2.24 1.17
Alphecca 15 34.7 +26 43 2.22 0.03|Mintaka 5 32.0 -0 18 2.25 -0.18|Eltanin 17 56.6 +51 29 2.24 1.52
Caph 0 09.2 +59 09 2.28 0.38|Dschubba 16 00.3 -22 37 2.29 -0.12|Izar 14 45.0 +27 04 2.35 0.97
Merak 11 01.8 +56 23 2.34 0.03|Enif 21 44.2 +9 53 2.38 1.52|Phecda 11 53.8 +53 42 2.41 0.04
Scheat 23 03.8 +28 05 2.44 1.66|Sabik 17 10.4 -15 43 2.43 0.06|Alderamin 21 18.6 +62 35 2.45 0.26
Gamma-Cas 0 56.7 +60 43 2.47 -0.15|Aljanah 20 46.2 +33 58 2.48 1.02|Markab 23 04.8 +15 12 2.49 0.00
Aludra 7 24.1 -29 18 2.45 -0.08|Menkar 3 02.3 +4 05 2.54 1.63|Zeta-Oph 16 37.2 -10 34 2.54 0.04
Zosma 11 14.1 +20 31 2.56 0.13|Arneb 5 32.7 -17 49 2.58 0.21|Gienah 12 15.8 -17 33 2.58 -0.11
Ascella 19 02.6 -29 53 2.60 0.06|Zubeneschamali 15 17.0 -9 23 2.61 -0.07|Unukalhai 15 44.3 +6 26 2.63 1.17
Sheratan 1 54.6 +20 48 2.64 0.17|Theta-Aur 5 59.7 +37 13 2.65 -0.08|Kraz 12 34.4 -23 24 2.65 0.89
Ruchbah 1 25.8 +60 14 2.66 0.16|Muphrid 13 54.7 +18 24 2.68 0.58|Hassaleh 4 57.0 +33 10 2.69 1.49
Tarazed 19 46.3 +10 37 2.72 1.51|Porrima 12 41.7 -1 27 2.74 0.36|Zubenelgenubi 14 50.9 -16 03 2.75 0.15
Yed-Prior 16 14.3 -3 42 2.75 1.58|Cebalrai 17 43.5 +4 34 2.76 1.17|Kornephoros 16 30.2 +21 29 2.77 0.95
Rastaban 17 30.4 +52 18 2.79 0.95|Cor-Caroli 12 56.0 +38 19 2.81 -0.12|Cursa 5 07.8 -5 05 2.79 0.16
Gomeisa 7 27.2 +8 17 2.89 -0.10|Vindemiatrix 13 02.2 +10 58 2.83 0.93|Algenib 0 13.2 +15 11 2.83 -0.19
Zeta-Her 16 41.3 +31 36 2.81 0.65|Zeta-Per 3 54.1 +31 53 2.85 0.12|Delta-Cyg 19 45.0 +45 08 2.87 -0.02
Alcyone 3 47.5 +24 06 2.87 -0.09|Epsilon-Per 3 57.9 +40 01 2.89 -0.20|Gamma-Per 3 04.8 +53 30 2.91 0.70
Matar 22 43.0 +30 13 2.94 0.85|Tejat 6 23.0 +22 31 2.87 1.62|Mebsuta 6 43.9 +25 08 2.98 1.38
Algorab 12 29.9 -16 31 2.94 -0.05|Sadalsuud 21 31.6 -5 34 2.90 0.83|Sadalmelik 22 05.8 -0 19 2.95 0.97
Albireo 19 30.7 +27 58 3.08 1.09|Pherkad 15 20.7 +71 50 3.05 0.06|Iota-UMa 8 59.2 +48 02 3.14 0.19
Theta-UMa 9 32.9 +51 41 3.17 0.48|Seginus 14 32.1 +38 18 3.03 0.19|Pi-Her 17 15.0 +36 49 3.16 1.44
Epsilon-Leo 9 45.9 +23 46 2.98 0.81|Zeta-Aql 19 05.4 +13 52 2.99 0.01|Delta-Per 3 42.9 +47 47 3.01 -0.13
Beta-Tri 2 09.5 +34 59 3.00 0.14|Gamma-UMi-Psi 11 09.7 +44 30 3.01 1.14|Alfirk 21 28.7 +70 34 3.23 -0.22
Errai 23 39.3 +77 38 3.21 1.03|Sulafat 18 58.9 +32 41 3.24 -0.05|Megrez 12 15.4 +57 02 3.31 0.08
Edasich 15 24.9 +58 58 3.29 1.17|Zeta-Dra 17 08.8 +65 43 3.17 -0.12|Segin 1 54.4 +63 40 3.38 -0.15
Eta-Dra 16 24.0 +61 31 2.74 0.91|Delta-Dra 19 12.6 +67 40 3.07 1.00|Epsilon-Cyg-Zeta 21 12.9 +30 14 3.20 0.99
"""
FAINTEST = 5.3
INVENTED_FROM = 3.3
_INVENTED, _SEED = 2100, 557
EPOCH_YEARS = 20.0
"""Years since J2000 to which the places are carried, the middle of the study's."""


def bright_stars() -> dict[str, tuple[float, float, float, float]]:
    """Right ascension and declination (J2000, degrees), V and B-V of real stars by name.

    Places to an arcminute as in the Bright Star Catalogue (Hoffleit & Warren 1991), north of -30 degrees.
    """
    stars = {}
    for entry in _BRIGHT.replace("\n", "|").split("|"):
        if not entry:
            continue
        name, hours, minutes, degrees, arcminutes, magnitude, colour = entry.split()
        sign = -1 if degrees.startswith("-") else 1
        declination = sign * (abs(int(degrees)) + float(arcminutes) / 60)
        stars[name] = (15 * (int(hours) + float(minutes) / 60), declination, float(magnitude), float(colour))
    return stars


def unit_vectors(ascension: np.ndarray, declination: np.ndarray) -> np.ndarray:
    """Equatorial unit vectors (..., 3) of right ascensions and declinations in degrees."""
    turn, height = np.radians(ascension), np.radians(declination)
    return np.stack([np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)], axis=-1)


def precession(years: float) -> np.ndarray:
    """Matrix (3, 3) from J2000 to the mean equator so many years later (Lieske et al. 1977, A&A 58, 1; first order)."""
    zeta, theta = np.radians(2306.2 / 3600 * years / 100), np.radians(2004.3 / 3600 * years / 100)

    def about_z(angle: float) -> np.ndarray:
        return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])

    about_y = np.array([[np.cos(theta), 0, -np.sin(theta)], [0, 1, 0], [np.sin(theta), 0, np.cos(theta)]])
    return about_z(zeta) @ about_y @ about_z(zeta)


@cache
def catalogue() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equatorial unit vectors (stars, 3) of the year 2020, V and B-V (stars,).

    Below `INVENTED_FROM` the stars are invented, the same in every sky: their number grows 3.2-fold a magnitude to
    `FAINTEST`, as in the real sky (Allen's Astrophysical Quantities), and is two and a half times as dense along the
    Milky Way as at its poles.
    """
    real = np.array(list(bright_stars().values()))
    generator = np.random.default_rng(_SEED)
    places = unit_vectors(
        generator.uniform(0, 360, 3 * _INVENTED), np.degrees(np.arcsin(generator.uniform(-0.5, 1, 3 * _INVENTED)))
    )
    galactic_latitude = np.degrees(np.arcsin(np.clip(places @ GALACTIC[2], -1, 1)))
    density = (1 + 1.5 * np.exp(-np.abs(galactic_latitude) / 15)) / 2.5
    places = places[generator.uniform(size=len(places)) < density][:_INVENTED]
    share = generator.uniform(size=len(places))
    span = 3.2 ** (INVENTED_FROM - FAINTEST)
    magnitude = FAINTEST + np.log(span + share * (1 - span)) / np.log(3.2)
    colour = np.clip(generator.normal(0.55, 0.45, len(places)), -0.2, 1.7)
    vectors = np.concatenate([unit_vectors(real[:, 0], real[:, 1]), places]) @ precession(EPOCH_YEARS).T
    return vectors, np.concatenate([real[:, 2], magnitude]), np.concatenate([real[:, 3], colour])
