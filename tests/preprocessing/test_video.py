from __future__ import annotations

import io
import itertools
import re
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import videos
from aurora_gradcam.errors import ConfigError, InputError, ToolError
from aurora_gradcam.preprocessing import video

RATES = ("25", "30", "24000/1001", "25/2")
left, top = videos.CENTER[0] - videos.CROP // 2, videos.CENTER[1] - videos.CROP // 2
ROW, COLUMN = np.mgrid[: videos.CROP, : videos.CROP]
INSIDE = np.hypot(COLUMN + left - videos.CENTER[0], ROW + top - videos.CENTER[1]) <= videos.RADIUS


def grey(path: Path) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("L"))


def crop(frames: np.ndarray) -> np.ndarray:
    return frames[..., top : top + videos.CROP, left : left + videos.CROP]


def take(path: Path, folder: Path, extract=videos.EXTRACT):
    folder.mkdir()
    source = video.probe(path)
    return source, video.decode(source, extract, folder)


@pytest.mark.parametrize("rate", RATES)
def test_the_frames_nearest_to_every_minute_are_taken_at_any_frame_rate(tmp_path, rate):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(100)], rate)
    source, samples = take(path, tmp_path / "out")
    assert (source.fps, source.frames) == (Fraction(rate), 100)
    minute = 60 / 6 / 25  # seconds of video that a minute of sky lasts
    times = np.arange(100) / float(source.fps)
    expected = [int(np.abs(times - k * minute).argmin()) for k in range(int(times[-1] / minute) + 1)]
    assert list(samples) == expected == video.sample_numbers(100, video.step(source.fps, videos.EXTRACT))
    assert [videos.number_in(grey(sample.picture)) for sample in samples.values()] == expected
    assert [sample.pts_s for sample in samples.values()] == pytest.approx(times[expected], abs=1e-4)
    assert not any(sample.is_damaged for sample in samples.values())


def test_pictures_are_those_of_a_plain_decode_masked_and_cropped_and_strips_are_cut_before_the_mask(tmp_path):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(45)])
    _, samples = take(path, tmp_path / "out")
    plain = videos.decoded(path)
    x, y, width, height = videos.EXTRACT.stamp_box
    assert list(samples) == [0, 10, 20, 30, 40]
    for number, sample in samples.items():
        error = np.abs(grey(sample.picture).astype(int) - np.where(INSIDE, crop(plain[number]), 0))
        assert error[INSIDE].mean() < 2
        assert error.max() < 30
        with Image.open(sample.strip) as strip:
            assert strip.mode == "L"
            assert np.array_equal(np.asarray(strip), plain[number, y : y + height, x : x + width])


def test_every_picture_has_the_quality_that_params_ask_for_whatever_it_shows(tmp_path):
    frames = [videos.draw(number, brightness=1 if number < 40 else 0.1) for number in range(80)]
    path = videos.write(tmp_path / "night.mp4", frames)
    tables = {}
    for quality in (2, 4):
        _, samples = take(path, tmp_path / str(quality), videos.EXTRACT.model_copy(update={"jpeg_quality": quality}))
        tables[quality] = {tuple(Image.open(sample.picture).quantization[0]) for sample in samples.values()}
        assert len(tables[quality]) == 1
    assert sum(min(tables[4])) == pytest.approx(2 * sum(min(tables[2])), rel=0.05)


def test_the_mask_is_the_circle_to_the_pixel(tmp_path):
    white = np.full((videos.HEIGHT, videos.WIDTH), 255, np.uint8)
    _, samples = take(videos.write(tmp_path / "night.mp4", [white] * 11), tmp_path / "out")
    for sample in samples.values():
        assert np.array_equal(grey(sample.picture) > 127, INSIDE)


@pytest.mark.parametrize("size", ["160x120", "161x121"])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p"])
def test_what_is_cut_first_has_the_pixels_of_the_whole_frame_converted(tmp_path, size, pixels):
    path = tmp_path / "noise.mkv"
    noise = ffmpeg.input(f"testsrc2=s={size}:d=0.08,noise=alls=90:allf=t", f="lavfi")
    noise.output(str(path), vcodec="ffv1", pix_fmt=pixels).run(quiet=True)
    source = video.probe(path)
    boxes = [(0, 0, source.width, source.height), (33, 35, 41, 21), (1, 1, 99, 77), (source.width - 50, 3, 50, 9)]
    for box, (form, planes) in itertools.product(boxes, [("gray", 1), ("gbrp", 3)]):
        x, y, width, height = box
        whole = ffmpeg.input(str(path)).filter("scale", flags="bitexact+accurate_rnd+full_chroma_int")
        whole = whole.filter("format", form).filter("crop", width, height, x, y)
        cut = video._cut(ffmpeg.input(str(path)).video, source, box, form)
        first, second = (
            stream.output("pipe:", format="rawvideo").run(capture_stdout=True, quiet=True)[0] for stream in (whole, cut)
        )
        assert len(first) == 2 * width * height * planes
        assert first == second


def test_colours_survive(tmp_path):
    path = tmp_path / "green.mp4"
    source = ffmpeg.input(f"color=c=0x20a040:s={videos.WIDTH}x{videos.HEIGHT}:r=25:d=1", f="lavfi")
    source.output(str(path), vcodec="libx264", pix_fmt="yuv420p", crf=5).run(quiet=True)
    _, samples = take(path, tmp_path / "out")
    middle = np.asarray(Image.open(samples[0].picture).convert("RGB"))[20:40, 20:40]
    assert middle.reshape(-1, 3).mean(0) == pytest.approx([0x20, 0xA0, 0x40], abs=4)


@pytest.mark.parametrize("options", [{"use_editlist": 0}, {"movflags": "+frag_keyframe+empty_moov"}])
def test_a_video_that_does_not_start_at_zero_has_the_same_frames(tmp_path, options):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(35)], **options)
    source, samples = take(path, tmp_path / "out")
    assert source.start > 0
    assert [videos.number_in(grey(sample.picture)) for sample in samples.values()] == list(samples) == [0, 10, 20, 30]
    assert [sample.pts_s for sample in samples.values()] == pytest.approx([0, 0.4, 0.8, 1.2])


@pytest.mark.parametrize(("packet", "skip"), [(30, 0), (33, 0), (34, 0), (35, 0), (30, 60), (36, 30)])
def test_every_frame_that_damage_changed_is_marked_and_none_beyond_the_next_keyframe(tmp_path, packet, skip):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(90)])
    every_frame = videos.EXTRACT.model_copy(update={"interval_s": 6.0})
    _, clean = take(path, tmp_path / "clean", every_frame)
    videos.damage(path, packet, skip)
    _, samples = take(path, tmp_path / "out", every_frame)
    changed = {
        number for number in samples if samples[number].picture.read_bytes() != clean[number].picture.read_bytes()
    }
    marked = {number for number, sample in samples.items() if sample.is_damaged}
    lost = set(range(90)) - set(samples)
    assert changed or lost
    assert changed <= marked
    assert all(25 < number < 60 for number in marked | lost)
    right = set(samples) - marked
    assert all(videos.number_in(grey(samples[number].picture)) == number for number in right)


def test_damage_changes_no_byte_from_run_to_run(tmp_path):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(60)])
    videos.damage(path, 30, 60)
    runs = [take(path, tmp_path / name)[1] for name in "ab"]
    assert any(sample.is_damaged for sample in runs[0].values())
    for first, second in zip(runs[0].values(), runs[1].values(), strict=True):
        assert first.picture.read_bytes() == second.picture.read_bytes()
        assert first.strip.read_bytes() == second.strip.read_bytes()


def test_a_log_that_names_a_damaged_b_frame_marks_only_the_run_of_b_frames():
    source = video.Video(Path("a.mp4"), 8, 8, Fraction(25), 6, 0, Fraction(1, 25))
    kinds = [(0, 1, 1), (1, 0, 3), (2, 0, 3), (3, 0, 2), (4, 0, 3), (5, 0, 2)]
    log = [
        f"decoder -> type:video frame_pts:{pts} pts_time:0 keyframe:{key} frame_type:{kind}" for pts, key, kind in kinds
    ]
    assert video.damaged_numbers(source, log) == set()
    assert video.damaged_numbers(source, [*log[:2], "a.mp4: corrupt decoded frame in stream 0", *log[2:]]) == {1, 2}
    assert video.damaged_numbers(source, [*log[:3], "a.mp4: corrupt decoded frame in stream 0", *log[3:]]) == {
        1,
        2,
        3,
        4,
        5,
    }


@given(st.integers(1, 500), st.fractions(1, 40, max_denominator=1001))
def test_samples_are_the_nearest_frames_each_once_and_cover_the_night(frames, every):
    numbers = video.sample_numbers(frames, every)
    assert numbers[0] == 0
    assert all(a < b for a, b in itertools.pairwise(numbers))
    assert all(abs(number - k * every) <= Fraction(1, 2) for k, number in enumerate(numbers))
    assert frames - 1 - numbers[-1] < every + Fraction(1, 2)


@given(st.sampled_from(RATES))
def test_the_interval_is_that_of_the_study(rate):
    assert video.step(Fraction(rate), videos.EXTRACT) == Fraction(rate) * Fraction(2, 5)


def test_an_interval_of_less_than_a_frame_is_refused():
    with pytest.raises(ConfigError, match=r"interval_s.*12 or more"):
        video.step(Fraction(25, 2), videos.EXTRACT.model_copy(update={"interval_s": 6.0}))


@pytest.mark.parametrize("size", [240, 300, 720])
def test_uniform_pictures_are_blank_and_smooth_or_noisy_skies_are_not(size):
    radius = size * 0.4
    row, column = np.mgrid[:size, :size] - size // 2
    inside = np.hypot(row, column) <= radius
    noise = np.random.default_rng(1).normal(0, 3, inside.shape)
    vignetted = 30 - 12 * np.hypot(row, column) / radius
    for level in (0, 16, 128, 255):
        assert video.is_blank((level * inside).astype(np.uint8), radius)
    assert not video.is_blank((vignetted * inside).astype(np.uint8), radius)
    assert not video.is_blank(((20 + noise) * inside).clip(0, 255).astype(np.uint8), radius)


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 50])
def test_a_file_that_is_no_video(tmp_path, content):
    path = tmp_path / "night.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"(not a readable video|is empty).*night\.mp4.*fetch or copy it again"):
        video.probe(path)


def test_a_video_cut_off_before_its_index(tmp_path):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(30)])
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"moov atom not found.*fetch or copy it again"):
        video.probe(path)


def test_a_video_of_which_nothing_can_be_decoded(tmp_path):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(5)])
    for packet in range(5):
        videos.damage(path, packet)
    with pytest.raises(InputError, match=r"not one frame.*night\.mp4.*fetch or copy it again"):
        video.decode(video.probe(path), videos.EXTRACT, tmp_path)


def test_a_sound_file(tmp_path):
    path = tmp_path / "night.mp4"
    ffmpeg.input("sine=d=0.2", f="lavfi").output(str(path)).run(quiet=True)
    with pytest.raises(InputError, match="no video stream.*give the video"):
        video.probe(path)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"circle": videos.EXTRACT.circle.model_copy(update={"radius": 37})}, "extract.circle"),
        ({"crop": 74}, "extract.crop"),
        ({"stamp_box": (90, 60, 30, 10)}, "extract.stamp_box"),
        ({"stamp_box": (-1, 60, 30, 10)}, "extract.stamp_box"),
        ({"stamp_box": (9, 60, 30, 0)}, "extract.stamp_box"),
    ],
)
def test_a_picture_of_another_size_names_both_sizes_and_the_key(change, key):
    source = video.Video(Path("night.mp4"), videos.WIDTH, videos.HEIGHT, Fraction(25), 9, 0, Fraction(1, 25))
    video.check_size(source, videos.EXTRACT)
    with pytest.raises(
        InputError, match=rf"^{key} \(.*\) does not lie inside the picture of 112x72.*set extract\.circle"
    ):
        video.check_size(source, videos.EXTRACT.model_copy(update=change))


def test_an_ffmpeg_that_does_not_tell_what_it_decoded_is_refused(tmp_path, monkeypatch):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(0)] * 3)
    monkeypatch.setattr(video, "_DECODED", re.compile("never in the log"))
    with pytest.raises(ToolError, match="does not report"):
        video.decode(video.probe(path), videos.EXTRACT, tmp_path)


def test_without_ffmpeg_the_error_says_so(tmp_path, monkeypatch):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(0)] * 3)
    source = video.probe(path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="ffprobe is not installed"):
        video.probe(path)
    with pytest.raises(ToolError, match="ffmpeg is not installed"):
        video.decode(source, videos.EXTRACT, tmp_path)


def test_a_video_that_is_shown_turned_is_probed_as_it_is_decoded(tmp_path):
    path = videos.write(tmp_path / "a.mp4", [videos.draw(number) for number in range(30)])
    turned = tmp_path / "turned.mp4"
    ffmpeg.input(str(path)).output(str(turned), c="copy", **{"metadata:s:v:0": "rotate=90"}).run(quiet=True)
    probed = video.probe(turned)
    assert (probed.width, probed.height) == (videos.HEIGHT, videos.WIDTH)


@pytest.mark.parametrize("kind", ["mkv", "avi", "mov", "ts", "with sound", "other codec", "one frame", "variable rate"])
def test_kinds_of_video_that_people_have(tmp_path, kind):
    count = 1 if kind == "one frame" else 40
    plain = videos.write(tmp_path / "plain.mp4", [videos.draw(number) for number in range(count)])
    ending = kind if kind in ("mkv", "avi", "mov", "ts") else "mp4"
    path = tmp_path / f"night.{ending}"
    streams, options = [ffmpeg.input(str(plain))], {"c": "copy"}
    if kind == "with sound":
        streams, options = [ffmpeg.input("sine=d=1", f="lavfi"), *streams], {"c:v": "copy"}
    if kind in ("other codec", "avi"):  # AVI has no times of its own, so no B frames
        options = {"vcodec": "mpeg4", "q:v": 2}
    if kind == "variable rate":
        late = "setpts=N/25/TB+if(gte(N\\,15)\\,0.4/TB\\,0)"  # a pause of ten frames after the 15th
        options = {"vf": late, "vsync": "passthrough", "vcodec": "libx264", "crf": 10}
    ffmpeg.output(*streams, str(path), **options).run(quiet=True)
    source, samples = take(path, tmp_path / "out")
    assert (source.width, source.height) == (videos.WIDTH, videos.HEIGHT)
    if kind == "variable rate":
        assert {0, 10} <= set(samples) and all(sample.pts_s >= 0 for sample in samples.values())
    else:
        assert [videos.number_in(grey(sample.picture)) for sample in samples.values()] == list(range(0, count, 10))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_video_is_cut_as_it_is_shown(tmp_path, turn):
    path = videos.write(tmp_path / "a.mp4", [videos.draw(number) for number in range(11)])
    turned = tmp_path / "turned.mp4"
    ffmpeg.input(str(path)).output(str(turned), c="copy", **{"metadata:s:v:0": f"rotate={turn}"}).run(quiet=True)
    size = (videos.HEIGHT, videos.WIDTH) if turn % 180 else (videos.WIDTH, videos.HEIGHT)
    circle = videos.EXTRACT.circle.model_copy(update={"center": (size[0] // 2, size[1] // 2)})
    extract = videos.EXTRACT.model_copy(update={"circle": circle, "stamp_box": (0, 0, 10, 10)})
    source, samples = take(turned, tmp_path / "out", extract)
    assert (source.width, source.height) == size
    upright = np.rot90(videos.decoded(path)[0], k=-turn // 90)
    corner = (size[0] - videos.CROP) // 2, (size[1] - videos.CROP) // 2
    expected = upright[corner[1] : corner[1] + videos.CROP, corner[0] : corner[0] + videos.CROP].astype(int)
    middle = np.hypot(*(np.mgrid[: videos.CROP, : videos.CROP] - videos.CROP // 2)) < videos.RADIUS - 2
    differences = [
        np.abs(grey(samples[0].picture).astype(int) - way)[middle].mean() for way in (expected, expected[::-1, ::-1])
    ]
    assert min(differences) < 3
