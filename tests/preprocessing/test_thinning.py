from __future__ import annotations

from pathlib import Path

import ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import videos
from aurora_gradcam.preprocessing import thinning, video


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    return videos.write(folder / "night.mp4", [videos.draw(number) for number in range(95)])


def contents(samples: dict[int, video.Sample]) -> dict[int, tuple[bytes, bytes, float, bool]]:
    return {
        number: (sample.picture.read_bytes(), sample.strip.read_bytes(), sample.pts_s, sample.is_damaged)
        for number, sample in samples.items()
    }


def ways(path: Path, folder: Path) -> list[dict[int, tuple[bytes, bytes, float, bool]]]:
    """What the decode of all pictures and that of the needed ones give."""
    source = video.probe(path)
    (folder / "whole").mkdir(parents=True)
    (folder / "needed").mkdir()
    whole = video._decode(source, path, frozenset(), videos.EXTRACT, folder / "whole")
    return [contents(whole), contents(video.decode(source, videos.EXTRACT, folder / "needed"))]


def blanked(path: Path, copy: Path) -> set[int]:
    source = video.probe(path)
    every = video.step(source.fps, videos.EXTRACT)
    ticks, _ = thinning.thinned(path, lambda ticks: video.is_sampled(source.number(ticks), every), copy)
    return {source.number(time) for time in ticks}


def test_the_pictures_that_ffmpeg_calls_dispensable_are_blanked_but_for_those_that_are_sampled(night, tmp_path):
    copy = tmp_path / "copy.mp4"
    numbers = blanked(night, copy)
    # a second implementation: the decoder's own way to skip what nothing is predicted from
    listed = ffmpeg.probe(str(night), skip_frame="noref", show_frames=None)["frames"]
    needed = {round(float(frame["pts_time"]) * 25) for frame in listed}
    assert numbers == set(range(95)) - needed - set(range(0, 95, 10))
    assert len(numbers) > 20
    left = ffmpeg.probe(str(copy), show_frames=None)["frames"]
    assert {round(float(frame["pts_time"]) * 25) for frame in left} == set(range(95)) - numbers
    assert copy.stat().st_size == night.stat().st_size


@pytest.mark.parametrize("settings", [{}, {"bf": 0}, {"bf": 5, "b-pyramid": "none"}, {"slices": 3}, {"flags": "+ildct"},
                                      {"use_editlist": 0}, {"movflags": "+frag_keyframe+empty_moov"}])  # fmt: skip
def test_sampled_pictures_and_strips_have_the_bytes_of_a_full_decode(tmp_path, settings):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(75)], **settings)
    whole, needed = ways(path, tmp_path / "out")
    assert list(whole) == list(range(0, 75, 10))
    assert whole == needed


def test_a_gap_in_the_times_is_no_reason_to_decode_all(night, tmp_path, monkeypatch):
    path = tmp_path / "gap.mkv"
    late = "setpts=N/25/TB+if(gte(N\\,45)\\,0.8/TB\\,0)"  # a pause of 20 frames: numbers 50 and 60 are not there
    ffmpeg.input(str(night)).output(str(path), vf=late, vsync="passthrough", vcodec="libx264", crf=10).run(quiet=True)
    mp4 = tmp_path / "gap.mp4"
    ffmpeg.input(str(path)).output(str(mp4), c="copy").run(quiet=True)
    whole, needed = ways(mp4, tmp_path / "out")
    assert whole == needed
    assert not {50, 60} & set(whole)
    decoded = []
    decode = video._decode
    monkeypatch.setattr(video, "_decode", lambda *arguments: decoded.append(arguments[1]) or decode(*arguments))
    (tmp_path / "again").mkdir()
    video.decode(video.probe(mp4), videos.EXTRACT, tmp_path / "again")
    assert [source.parent for source in decoded] == [tmp_path / "again"]


def test_a_turned_video_has_them_too(night, tmp_path):
    turned = tmp_path / "turned.mp4"
    ffmpeg.input(str(night)).output(str(turned), c="copy", **{"metadata:s:v:0": "rotate=180"}).run(quiet=True)
    whole, needed = ways(turned, tmp_path / "out")
    assert whole == needed


@pytest.mark.parametrize(("packet", "skip"), [(30, 0), (30, 60), (36, 30), (40, 20)])
def test_damage_that_reaches_a_sampled_picture_is_told_as_by_a_full_decode(tmp_path, packet, skip):
    path = videos.write(tmp_path / "night.mp4", [videos.draw(number) for number in range(90)])
    videos.damage(path, packet, skip)
    whole, needed = ways(path, tmp_path / "out")
    assert {number for number, (*_, damaged) in needed.items() if damaged} <= {
        number for number, (*_, damaged) in whole.items() if damaged
    }
    assert {number: parts[:3] for number, parts in whole.items()} == {
        number: parts[:3] for number, parts in needed.items()
    }


def test_a_folder_holds_the_pictures_alone_afterwards(night, tmp_path):
    samples = video.decode(video.probe(night), videos.EXTRACT, tmp_path)
    assert set(tmp_path.iterdir()) == {path for sample in samples.values() for path in (sample.picture, sample.strip)}


@pytest.mark.parametrize("ending", ["mkv", "ts"])
def test_other_containers_are_left_alone(night, tmp_path, ending):
    path = tmp_path / f"night.{ending}"
    ffmpeg.input(str(night)).output(str(path), c="copy").run(quiet=True)
    assert blanked(path, tmp_path / "copy.mp4") == set()
    assert not (tmp_path / "copy.mp4").exists()


def test_without_room_for_a_copy_there_is_none(night, tmp_path):
    copy = tmp_path / "copy.mp4"
    copy.symlink_to("/dev/full")  # a link: what is removed afterwards must not be the device
    assert blanked(night, copy) == set()
    assert not copy.is_symlink()


@given(st.binary(max_size=60))
def test_nonsense_is_no_run_of_nal_units_or_is_walked_to_its_end(content):
    headers = thinning.slices(bytearray(content), 0, len(content))
    assert all(place < len(content) for place in headers)


@given(st.integers(1, 500), st.fractions(1, 40, max_denominator=1001))
def test_is_sampled_is_membership_of_the_sampled_numbers(frames, every):
    numbers = video.sample_numbers(frames, every)
    assert [number for number in range(frames) if video.is_sampled(number, every)] == numbers
