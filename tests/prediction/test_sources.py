from __future__ import annotations

import os
from pathlib import Path

import pytest

from aurora_gradcam.errors import InputError
from aurora_gradcam.prediction.sources import Source, find_sources


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_a_folder_stands_for_its_images_by_name_and_other_files_are_counted(tmp_path):
    folder = tmp_path / "frames"
    names = ("b.JPG", "a.png", "c.tiff", "notes.txt", ".hidden.jpg", "inner/d.jpg", "night.mp4")
    touch(*(folder / name for name in names))
    touch(tmp_path / "0.jpg", tmp_path / "night.mp4")
    sources = find_sources([tmp_path / "night.mp4", folder, tmp_path / "0.jpg"])
    assert sources.images == [
        Source("a.png", folder / "a.png", "a"),
        Source("b.JPG", folder / "b.JPG", "b"),
        Source("c.tiff", folder / "c.tiff", "c"),
        Source("0.jpg", tmp_path / "0.jpg", "0"),
    ]
    assert sources.videos == [Source("night.mp4", tmp_path / "night.mp4", "night")]
    assert sources.ignored == 4


def test_files_of_one_name_are_known_by_their_paths_and_a_file_given_twice_counts_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, two, other = Path("one/a.jpg"), Path("two/a.jpg"), Path("two/b.jpg")
    touch(one, two, other)
    images = find_sources([one, Path("two"), two, tmp_path / "one" / "a.jpg"]).images
    assert {image.name: image.path for image in images} == {"one/a.jpg": one, "two/a.jpg": two, "b.jpg": other}


def test_what_is_no_video_and_no_image_is_refused_by_name(tmp_path):
    touch(tmp_path / "table.csv", tmp_path / "videos" / "night.mp4", tmp_path / "videos" / "._night.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no such file.*nowhere"):
        find_sources([tmp_path / "nowhere.mp4"])
    with pytest.raises(InputError, match=r"neither video nor image.*table\.csv.*\.mp4"):
        find_sources([tmp_path / "table.csv"])
    with pytest.raises(InputError, match=r"holds no image.*empty.*\.jpg"):
        find_sources([tmp_path / "empty"])
    with pytest.raises(InputError, match=r"holds no image.*name its 1 videos.*night\.mp4"):
        find_sources([tmp_path / "videos"])


def test_own_files_of_two_sources_never_share_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(Path("a.mp4"), Path("a.mkv"), Path("b.jpg"), Path("x/c.png"), Path("y/c.png"))
    sources = find_sources([Path("a.mp4"), Path("a.mkv"), Path("b.jpg"), Path("x"), Path("y")])
    stems = {source.name: source.stem for source in (*sources.videos, *sources.images)}
    assert stems == {"a.mp4": "a.mp4", "a.mkv": "a.mkv", "b.jpg": "b", "x/c.png": "x_c", "y/c.png": "y_c"}


def test_a_name_that_is_no_utf_8_shows_its_bytes(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/n\xe4cht.jpg")
    touch(Path(path))
    (image,) = find_sources([Path(path)]).images
    name = image.name
    assert name.encode("utf-8") and name.endswith("cht.jpg")
