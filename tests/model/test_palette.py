"""Colours tell things apart, for people with any of the common colour deficiencies too."""

from itertools import combinations

import numpy as np
import pytest

from model import palette
from viz.drawing import Looks

# How colours look to who lacks one kind of cones: Machado, Oliveira and Fernandes (2009), full severity.
VISION = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# From linear sRGB to XYZ under D65 (IEC 61966-2-1); its second row is the luminance.
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
AT_A_GLANCE = 10.0
"""Of CIE 1976 lightness and chroma; about 2.3 can just be noticed."""
LEAST_CONTRAST = 3.0
"""What the Web Content Accessibility Guidelines ask of marks on a chart."""


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light):
    share = XYZ @ np.clip(light, 0.0, 1.0) / XYZ.sum(axis=1)
    x, y, z = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one, other, vision):
    seen = [lab(np.asarray(VISION[vision]) @ linear(colour)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def contrast(one, other):
    dark, bright = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_what_shares_a_chart_is_told_apart_at_a_glance(vision):
    for colours in (palette.USES, palette.SOURCES, palette.PRODUCTS):
        for one, other in combinations(colours.values(), 2):
            assert apart(one, other, vision) > AT_A_GLANCE, (one, other)


@pytest.mark.parametrize("vision", VISION)
def test_a_gpu_cloud_is_taken_for_nothing_else(vision):
    cloud = palette.PRODUCTS["cloud"]
    others = {*palette.USES.values(), *palette.SOURCES.values(), *palette.BASES.values()}
    assert cloud not in others
    assert min(apart(cloud, other, vision) for other in others) > 2 * AT_A_GLANCE


@pytest.mark.parametrize("dark", [False, True])
def test_marks_of_products_stand_out_from_the_paper(dark):
    paper = Looks(dark).paper
    assert all(contrast(colour, paper) >= LEAST_CONTRAST for colour in palette.PRODUCTS.values())
