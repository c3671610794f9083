from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import tiny
import videos
from aurora_gradcam.config import Circle
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.prediction import image_files
from aurora_gradcam.prediction.find_circle import cut
from aurora_gradcam.preprocessing import video

FRAME = tiny.draw("yes", np.random.default_rng(3))


def saved(tmp_path, image: Image.Image, name: str, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.ppm"])
def test_a_square_frame_stays_as_the_stages_decode_it_bit_for_bit(tmp_path, name):
    path = saved(tmp_path, Image.fromarray(FRAME), name)
    status, picture, _ = image_files.read_frame(path, None)
    assert status == "ok" and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, decode_image(path.read_bytes()))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_of_8_and_16_bits_gives_the_same_frame(tmp_path, suffix):
    grey = FRAME[..., 1]
    expected = np.repeat(grey[..., None], 3, axis=2)
    eight = saved(tmp_path, Image.fromarray(grey), f"8.{suffix}")
    sixteen = saved(tmp_path, Image.fromarray(grey.astype(np.uint16) * 257), f"16.{suffix}")
    for path in (eight, sixteen):
        np.testing.assert_array_equal(image_files.read_picture(path), expected)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_levels_are_scaled_by_the_bits_that_they_need(bits):
    levels = np.array([0, 2 ** (bits - 1), 2**bits - 1], dtype=np.uint16)
    np.testing.assert_array_equal(image_files.eight_bits(levels, image_files.white_level(levels.max())), [0, 128, 255])


def test_floating_point_shares_of_white_and_counts(tmp_path):
    shares = np.repeat(np.array([[0, 0.5, 1.0, np.nan, -1]], np.float32), 12, axis=1).repeat(9, axis=0)
    path = saved(tmp_path, Image.fromarray(shares), "a.tif")
    assert image_files.read_picture(path)[4, 6::12, 0].tolist() == [0, 128, 255, 0, 0]
    counts = saved(tmp_path, Image.fromarray(np.where(shares == 1, np.float32(4095), np.float32(0))), "b.tif")
    assert image_files.read_picture(counts)[4, 6::12, 0].tolist() == [0, 0, 255, 0, 0]
    dark = saved(tmp_path, Image.fromarray(np.zeros((4, 4), np.float32)), "c.tif")
    assert not image_files.read_picture(dark).any()


def test_what_is_transparent_is_black(tmp_path):
    garbage = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    inside = FRAME.any(axis=2)
    rgba = np.dstack([np.where(inside[..., None], FRAME, garbage), np.where(inside, 255, 0).astype(np.uint8)])
    np.testing.assert_array_equal(image_files.read_picture(saved(tmp_path, Image.fromarray(rgba), "a.png")), FRAME)


def test_colours_of_a_palette_are_kept(tmp_path):
    few = np.zeros((40, 40, 3), np.uint8)
    few[10:20] = (10, 200, 60)
    few[20:30] = (250, 20, 90)
    path = saved(tmp_path, Image.fromarray(few).quantize(4), "a.gif")
    np.testing.assert_array_equal(image_files.read_picture(path), few)


def test_a_broken_image_is_corrupt_and_a_uniform_one_blank(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(FRAME).save(buffer, "JPEG")
    (tmp_path / "half.jpg").write_bytes(buffer.getvalue()[:900])
    (tmp_path / "text.jpg").write_bytes(b"not a picture at all")
    (tmp_path / "empty.png").write_bytes(b"")
    black = saved(tmp_path, Image.new("RGB", (96, 96)), "black.png")
    for name in ("half.jpg", "text.jpg", "empty.png"):
        status, picture, reason = image_files.read_frame(tmp_path / name, None)
        assert status == "corrupt" and picture is None and reason
    assert image_files.read_frame(black, None)[:2] == ("blank", None)
    assert image_files.read_header(tmp_path / "text.jpg").fault == "this is no image that can be read"
    assert image_files.read_header(black).size == (96, 96)


def test_a_circle_is_cut_from_a_larger_picture(tmp_path):
    large = np.full((120, 200, 3), 70, np.uint8)
    large[10:106, 60:156] = np.where(FRAME.any(axis=2)[..., None], FRAME, 70)
    path = saved(tmp_path, Image.fromarray(large), "a.png")
    status, picture, _ = image_files.read_frame(path, Circle(center=(108, 58), radius=48))
    assert status == "ok"
    np.testing.assert_array_equal(picture, cut(large, Circle(center=(108, 58), radius=48)))
    assert picture.shape == (96, 96, 3)


def test_frames_of_a_video_are_spread_over_it_whole(tmp_path):
    path = videos.write(tmp_path / "a.mp4", [videos.draw(k) for k in range(25)])
    frames = image_files.read_video(video.probe(path), 5)
    expected = videos.decoded(path)[[0, 6, 12, 18, 24]]
    assert [picture.shape for picture in frames] == [(videos.HEIGHT, videos.WIDTH, 3)] * 5
    for picture, plain in zip(frames, expected, strict=True):
        assert np.abs(picture[..., 1].astype(int) - plain).max() <= 20  # video levels to full ones, and back
        assert np.abs(picture[..., 1].astype(int) - plain).mean() < np.abs(expected[0].astype(int) - expected[1]).mean()


def test_a_picture_stored_on_its_side_is_turned_upright(tmp_path):
    levels = np.zeros((40, 90, 3), np.uint8)
    levels[:10, :10] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    path = saved(tmp_path, Image.fromarray(levels), "a.png", exif=exif)
    assert image_files.read_header(path).size == (40, 90)
    assert np.array_equal(image_files.read_picture(path), np.rot90(levels, -1))


def jpeg(picture: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(entries=st.binary(max_size=60))
def test_exif_of_any_bytes_never_stops_a_picture_from_being_read(tmp_path_factory, entries):
    path = tmp_path_factory.mktemp("exif") / "a.jpg"
    path.write_bytes(jpeg(FRAME, exif=b"Exif\0\0II*\0\x08\0\0\0" + entries))
    assert not image_files.read_header(path).fault
    frame = image_files.read_frame(path, None)
    assert frame.status == "ok" and frame.picture is not None


@pytest.mark.parametrize("entry", [(0x0100, 1, 1, 200), (0x010F, 5, 1, 0), (0x0112, 2, 9, 7)])
def test_entries_of_an_odd_type_are_ignored(tmp_path, entry):
    path = tmp_path / "a.jpg"
    content = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, *entry) + bytes(8)
    path.write_bytes(jpeg(FRAME, exif=content, quality=95))
    np.testing.assert_array_equal(image_files.read_picture(path), decode_image(jpeg(FRAME, quality=95)))


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.ppm"])
def test_colour_of_16_bits_keeps_its_low_bits(tmp_path, name):
    twelve = FRAME.astype(np.uint16) * 16
    cv2.imwrite(str(tmp_path / name), twelve[..., ::-1])
    assert image_files.read_header(tmp_path / name).is_deep
    # 16 times a level of 255 are 4080 of 4095
    assert np.abs(image_files.read_picture(tmp_path / name).astype(int) - FRAME).max() <= 1


def test_a_hot_pixel_changes_only_itself(tmp_path):
    levels = FRAME[..., 1].astype(np.uint16) * 16
    hot = levels.copy()
    hot[48, 48] = 60_000
    plain, other = (image_files.read_picture(saved(tmp_path, Image.fromarray(each), f"{k}.png"))
                    for k, each in enumerate((levels, hot)))  # fmt: skip
    changed = (plain != other).any(axis=2)
    assert changed.sum() <= 1 and np.abs(plain[48, 48].astype(int) - other[48, 48]).max() < 30


def test_one_scale_holds_for_a_night_of_more_than_8_bits(tmp_path):
    levels = FRAME[..., 1].astype(np.uint16)
    dark, bright = (saved(tmp_path, Image.fromarray(levels * times), f"{times}.png") for times in (2, 16))
    scale = image_files.measure_scale({path: image_files.read_header(path) for path in (dark, bright)})
    alone, among = image_files.read_picture(dark), image_files.read_picture(dark, scale)
    assert alone.max() > 3 * among.max()  # 10 bits would hold the dark picture, 12 the night
    assert np.abs(image_files.read_picture(bright, scale).astype(int) - FRAME[..., 1:2]).max() <= 1


@pytest.mark.parametrize("beyond", [0, 15, 30])
def test_levels_a_little_beyond_a_depth_do_not_double_the_scale(beyond):
    assert image_files.white_level(4080 + beyond) == 4095


def test_jpegs_that_the_decoder_met_damage_in_are_corrupt_and_zeros_before_the_end_are_none(tmp_path):
    generator = np.random.default_rng(1)
    sound = jpeg(np.kron(generator.integers(0, 255, (24, 24, 3)), np.ones((8, 8, 1))).astype(np.uint8), quality=90)
    middle = len(sound) // 2
    files = {
        "sound": sound,
        "padded": sound[:-2] + bytes(40) + sound[-2:],
        "followed": sound + b"camera notes",
        "lost": sound[:middle] + sound[middle + 300 :],
        "zeros": sound[:middle] + bytes(300) + sound[middle + 300 :],
        "closed": sound[:middle] + sound[-2:],
        "cut": sound[:middle],
    }
    statuses = {}
    for name, content in files.items():
        (tmp_path / f"{name}.jpg").write_bytes(content)
        frame = image_files.read_frame(tmp_path / f"{name}.jpg", None)
        statuses[name] = str(frame.status)
        assert (frame.status == "ok") == (not frame.reason)
        assert (tmp_path / f"{name}.jpg").read_bytes() == content
    assert statuses == {
        **dict.fromkeys(("sound", "padded", "followed"), "ok"),
        **dict.fromkeys(("lost", "zeros", "closed", "cut"), "corrupt"),
    }


@pytest.mark.parametrize("name", ["a.tif", "a.gif", "a.png"])
def test_several_pictures_in_a_file_are_counted_and_the_first_is_read(tmp_path, name):
    pages = [Image.fromarray(np.roll(FRAME, 20 * k, axis=1)) for k in range(3)]
    path = saved(tmp_path, pages[0], name, save_all=True, append_images=pages[1:])
    alone = saved(tmp_path, pages[0], f"alone{name}")
    assert image_files.read_header(path).pictures == 3 and image_files.read_header(alone).pictures == 1
    np.testing.assert_allclose(image_files.read_picture(path), image_files.read_picture(alone), atol=8)


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that promises a picture and holds none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    parts = (head, data, b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("width", "height"), [(40_000, 25_000), (10_000, 9_000), (2**31 - 1, 1)])
@pytest.mark.counts("hostile")
def test_a_picture_too_large_to_decode_is_known_by_its_header(tmp_path, width, height):
    (tmp_path / "a.png").write_bytes(png_of(width, height))
    assert image_files.read_header(tmp_path / "a.png").fault
