from __future__ import annotations

import string
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aurora_gradcam.config import Extract
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.preprocessing.video_names import find_videos, is_companion, is_date, night_in

MONTH = "2024-02"
PATTERN = "*HD_{night}_720p.mp4"
literal = st.text(string.ascii_letters + string.digits + "_-. ()%+:äø", min_size=1, max_size=12)
dates = st.dates(date(1970, 1, 1), date(2099, 12, 31))


@pytest.fixture
def month(tmp_path) -> Path:
    """A month's folder with two videos by their names."""
    folder = tmp_path / MONTH
    folder.mkdir()
    for night in ("20240201", "20240202"):
        (folder / f"simulatedHD_{night}_720p.mp4").touch()
    return folder


@given(literal, dates, literal)
def test_a_name_made_after_a_pattern_gives_its_date(before, night, after):
    digits = night.strftime("%Y%m%d")
    assert night_in(f"{before}{digits}{after}.mp4", f"{before}{{night}}{after}.mp4") == digits
    assert night_in(f"{before}{night}{after}.MP4", f"{before}{{year}}-{{month}}-{{day}}{after}.mp4") == digits
    assert night_in(f"{before}{digits}{after}", f"{before}{{night}}{after}.mp4") is None


@given(st.text(max_size=30))
def test_no_name_at_all_is_an_error(name):
    night = night_in(name, PATTERN)
    assert night is None or (len(night) == 8 and night in name)
    assert isinstance(is_date(name), bool)


@given(st.text(max_size=20))
def test_any_pattern_works_or_is_refused_by_name(pattern):
    try:
        extract = Extract(file_pattern=pattern)
        night_in("x_20240201.mp4", extract.file_pattern)
    except ValidationError as error:
        assert "must hold {night} once" in str(error)
    except ConfigError as error:
        assert "brackets" in str(error)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("NIGHT_{night}.mp4", "NIGHT_20240201.mp4"),
        ("{night}NIGHT.mp4", "20240201NIGHT.mp4"),
        ("YYYYMMDD_{night}.mp4", "YYYYMMDD_20240201.mp4"),
        ("x_{night}.MP4", "x_20240201.MP4"),
        ("x_{night}.MP4", "x_20240201.mp4"),
        ("x_{night}.mp4", "x_20240201.Mp4"),
        ("x_{night}.MKV", "x_20240201.mkv"),
        ("x_{night}.*", "x_20240201.avi"),
        ("{day}.{month}.{year}*.mp4", "01.02.2024 night.mp4"),
        ("cam[[]1[]]-{night}.mp4", "cam[1]-20240201.mp4"),
        ("*{night}*.mp4", "cam_20240201_00001234.mp4"),
        ("21:05_{night}.mp4", "21:05_20240201.mp4"),
    ],
)
def test_patterns_that_people_write(tmp_path, pattern, name):
    folder = tmp_path / MONTH
    folder.mkdir()
    (folder / name).touch()
    assert list(find_videos(folder, Extract(file_pattern=pattern).file_pattern)) == ["20240201"]


@pytest.mark.parametrize(
    "pattern", ["{NIGHT}.mp4", "{night}{night}.mp4", "{year}{month}.mp4", "{night}_{year}.mp4", "x"]
)
def test_patterns_without_one_date_are_refused(pattern):
    with pytest.raises(ValidationError, match=r"must hold \{night\} once"):
        Extract(file_pattern=pattern)


def test_a_date_in_brackets_names_the_way_out():
    with pytest.raises(ConfigError, match=r"within brackets.*\[\[\]"):
        night_in("x", "cam[{night}].mp4")


def test_digits_of_other_scripts_are_no_date():
    assert night_in("xHD_٢٠٢٤٠٢٠١_720p.mp4", PATTERN) is None
    assert not is_date("٢٠٢٤٠٢٠١")


@pytest.mark.parametrize(
    "name", ["._simulatedHD_20240201_720p.mp4", ".simulatedHD_20240201_720p.mp4", "~simulatedHD_20240201_720p.mp4"]
)
def test_hidden_companions_are_left_out_and_counted(month, name, caplog):
    (month / name).write_bytes(b"\0" * 4096)
    videos = find_videos(month, PATTERN)
    assert [path.name for path in videos.values()] == [f"simulatedHD_{night}_720p.mp4" for night in videos]
    assert f"ignored 1 hidden files that systems lay there, such as {name}" in caplog.text


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", ".DS_Store", "@eaDir", "Icon\r", "ehthumbs_vista.db"])
def test_what_systems_lay_beside_videos_is_known(name):
    assert is_companion(Path("folder") / name)
    assert not is_companion(Path(".hidden") / "night_20240201.mp4")


def test_a_folder_named_like_a_video_is_none(month):
    (month / "simulatedHD_20240203_720p.mp4").mkdir()
    assert list(find_videos(month, PATTERN)) == ["20240201", "20240202"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("simulatedHD_20240301_720p.mp4", "of 20240301, no night of 2024-02"),
        ("simulatedHD_20240230_720p.mp4", "of 20240230, no night of 2024-02"),
        ("auroramaxHD_20240202_720p.mp4", r"a second video of the night 20240202 beside auroramaxHD.*keep one"),
    ],
)
def test_videos_in_the_wrong_place(month, name, message):
    (month / name).touch()
    with pytest.raises(InputError, match=message):
        find_videos(month, PATTERN)


def test_other_videos_are_left_out_and_counted(month, caplog):
    (month / "auroramaxHD_20240202_480p.mp4").touch()
    assert list(find_videos(month, PATTERN)) == ["20240201", "20240202"]
    assert "1 videos that extract.file_pattern" in caplog.text
    with pytest.raises(InputError, match="it holds 3 others, such as auroramaxHD_20240202_480p"):
        find_videos(month, "cam_{night}.mp4")
