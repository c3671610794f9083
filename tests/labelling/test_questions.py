from __future__ import annotations

import pandas as pd
import pytest

from aurora_gradcam.corpus import archive
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.labelling.pictures import pictures_of
from aurora_gradcam.labelling.questions import ordered, questions, sampled
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE, TO_LABEL
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from label_server import ask_for

FRAMES = [f"202402{night:02d}-{number:05d}" for night in range(1, 11) for number in range(10)]


def test_random_order_is_each_annotators_own_and_the_same_again():
    ann = ordered(FRAMES, "random", "ann", 7)
    assert sorted(ann) == FRAMES and ann != FRAMES
    assert ann == ordered(FRAMES[::-1], "random", "ann", 7)
    assert ann != ordered(FRAMES, "random", "ben", 7)
    assert ann != ordered(FRAMES, "random", "ann", 8)


def test_what_is_left_after_a_restart_comes_in_the_same_order():
    left = FRAMES[::3]
    whole = ordered(FRAMES, "random", "ann", 7)
    assert ordered(left, "random", "ann", 7) == [frame_id for frame_id in whole if frame_id in left]


def test_the_order_of_the_night_is_time():
    assert ordered(FRAMES[::-1], "night", "ann", 7) == FRAMES


def test_uncertain_frames_come_first_and_those_without_a_prediction_last(tiny_project):
    frame_ids = list(tiny_project["frame_id"][:5])
    p_aurora = [0.9, 0.49, 0.02, 0.6]
    rows = [(frame_id, 0.0, 0.0, p, p > 0.5) for frame_id, p in zip(frame_ids, p_aurora, strict=False)]
    PREDICTIONS_TABLE.write(pd.DataFrame(rows, columns=list(PREDICTIONS_TABLE.schema.columns)[:5]))
    assert ordered(frame_ids, "uncertain", "ann", 7) == [frame_ids[at] for at in (1, 3, 0, 2, 4)]


def test_uncertain_needs_predictions(tiny_project):
    with pytest.raises(InputError, match=r"predictions\.parquet.*--order random"):
        ordered(FRAMES, "uncertain", "ann", 7)


def test_again_asks_also_for_what_others_have_labelled(tiny_project):
    labelled = LABELLED_TABLE.read()
    once = labelled["frame_id"].drop_duplicates().tolist()
    new, own, both = once[:3], once[3], once[4]
    ask_for(new)
    labelled = LABELLED_TABLE.read()
    labelled.loc[labelled["frame_id"] == own, "annotator"] = "ann"
    labelled.loc[labelled["frame_id"] == both, "annotator"] = "ann+simulator"
    LABELLED_TABLE.write(labelled)
    assert sampled("ann", again=False) == sorted(new)
    assert sampled("ann", again=True) == sorted(set(once) - {own})
    assert sampled("simulator", again=True) == sorted([*new, own, both])


def test_a_question_tells_what_the_sky_table_says(tiny_project):
    frame_id = ask_for()[4]
    row = SKY_TABLE.read().set_index("frame_id").loc[frame_id]
    (question,) = questions([frame_id], SKY_TABLE.read())
    assert pd.Timestamp(question.utc) == row["utc"] and question.utc.endswith("Z")
    assert question.condition == f"{row['sun_class']} x {row['moon_class']}"
    for column in ("sun_altitude", "sun_azimuth", "moon_altitude", "moon_azimuth", "moon_illumination"):
        assert getattr(question, column) == row[column]


@pytest.mark.parametrize("damage", ["missing", "stale", "no table"])
def test_a_list_that_does_not_fit_the_frames_is_one_clear_error(tiny_project, damage):
    ask_for()
    if damage == "missing":
        TO_LABEL.unlink()
    elif damage == "stale":
        TO_LABEL.write_text("frame_id,night\n20230101-00000,20230101\n")
    else:
        TO_LABEL.write_text("night\n20230101\n")
    with pytest.raises(InputError, match=r"to_label\.csv.*dvc repro sample_label"):
        questions(sampled("ann", again=False), SKY_TABLE.read())


def moved(sky: pd.DataFrame, frame_id: str, by: pd.Timedelta) -> pd.DataFrame:
    return sky.assign(utc=sky["utc"].where(sky["frame_id"] != frame_id, sky["utc"] + by))


def test_neighbours_are_the_nights_next_pictures_within_90_seconds(tiny_project):
    frames, sky = FRAMES_TABLE.read("2024-02"), SKY_TABLE.read()
    night = [f"20240203-{number * 10:05d}" for number in range(9)]
    sky = moved(sky, night[3], pd.Timedelta(seconds=29))  # 89 s after frame 2, 31 s before frame 4
    sky = moved(sky, night[6], pd.Timedelta(seconds=-31))  # 29 s after frame 5, 91 s before frame 7
    sky.loc[sky["frame_id"] == night[8], "utc"] = pd.NaT
    found = pictures_of(night[:8], frames, sky).neighbours
    beside = {frame_id: tuple(one and one.frame_id for one in pair) for frame_id, pair in found.items()}
    assert beside[night[0]] == (None, night[1])
    assert beside[night[2]] == (night[1], night[3])
    assert beside[night[3]] == (night[2], night[4])
    assert beside[night[6]] == (night[5], None)
    assert beside[night[7]] == (None, None)


def test_only_frames_asked_for_and_their_neighbours_have_a_picture_to_show(tiny_project):
    frames, sky = FRAMES_TABLE.read("2024-02"), SKY_TABLE.read()
    shown = pictures_of(["20240201-00040"], frames, sky)
    assert set(shown.members) == {"20240201-00030", "20240201-00040", "20240201-00050"}
    path = archive.night_path(archive.FRAMES, "20240201")
    assert shown.read("20240201-00040") == archive.read_member(path, "20240201-00040.jpg")
    missing = FRAMES_TABLE.read("2024-02").query("status == 'missing'")["frame_id"].item()
    before = pictures_of([f"{missing[:9]}00070"], frames, sky).neighbours
    assert before[f"{missing[:9]}00070"][1] is None


def test_a_missing_archive_or_picture_is_told_before_anybody_labels(tiny_project):
    frames, sky = FRAMES_TABLE.read("2024-02"), SKY_TABLE.read()
    missing = frames.query("status == 'missing'")["frame_id"].item()
    with pytest.raises(DataError, match=f"{missing}.*zip"):
        pictures_of([missing], frames, sky)
    archive.night_path(archive.FRAMES, "20240204").unlink()
    with pytest.raises(InputError, match=r"20240204\.zip.*dvc pull"):
        pictures_of(["20240203-00010", "20240204-00010"], frames, sky)
