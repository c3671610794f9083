"""Figures show what the tables hold: bars, colours and cells are compared with counts made here by hand."""

from __future__ import annotations

import io
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from aurora_gradcam.config import Params
from aurora_gradcam.drawing import keogram, style
from aurora_gradcam.report import charts, overview, photo_layouts, selection, workflow_chart
from report_fixture import TRAINING


def sky_of(counts: dict[tuple[str, str], int]) -> pd.DataFrame:
    rows = [condition for condition, count in counts.items() for _ in range(count)]
    sky = pd.DataFrame(rows, columns=["sun_class", "moon_class"])
    phases = sky["moon_class"].map({"No_Moon": 20.0, "Moon_Quarter": 90.0, "Moon_Full": 170.0})
    return sky.assign(frame_id=[f"20240201-{k:05d}" for k in range(len(sky))], moon_phase_angle=phases)


SKY = sky_of({("Night", "No_Moon"): 5, ("Nautical", "Moon_Full"): 3, ("Astronomical", "Moon_Quarter"): 2})
PREDICTIONS = pd.DataFrame(
    {"frame_id": SKY["frame_id"], "p_aurora": [0.0, 0.1, 0.2, 0.9, 0.8, 0.5, 0.5, 0.5, 1.0, 0.0]}
).assign(is_aurora=lambda table: table["p_aurora"] >= 0.5)


def labelled_axes(figure) -> bool:
    shared = [getattr(figure, name)() for name in ("get_supxlabel", "get_supylabel")]
    return all(shared) or all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)


def test_bars_are_as_high_as_the_conditions_have_frames():
    figure = charts.moon_phase_distribution(SKY, Params())
    bars = figure.axes[0].containers
    heights = {(moon, k): int(bar.get_height()) for moon, part in zip(charts.MOON_CLASSES, bars, strict=False)
               for k, bar in enumerate(part)}  # fmt: skip
    assert {key: height for key, height in heights.items() if height} == {
        ("No_Moon", 0): 5, ("Moon_Quarter", 1): 2, ("Moon_Full", 2): 3
    }  # fmt: skip
    assert labelled_axes(figure)


def test_twilight_beyond_nautical_is_drawn_where_there_is_any():
    figure = charts.moon_phase_distribution(pd.concat([SKY, sky_of({("Day", "No_Moon"): 4})]), Params())
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()][-1] == "Day"


def test_curves_hold_the_epochs_and_mark_phase_and_best():
    figure = charts.acc_loss(TRAINING, best_epoch=3)
    loss = figure.axes[0]
    lines = {line.get_label(): line for line in loss.lines}
    np.testing.assert_array_equal(lines["validation"].get_ydata(), TRAINING["val_loss"])
    np.testing.assert_array_equal(lines["training"].get_ydata(), TRAINING["train_loss"])
    assert (list(lines["weights kept"].get_xdata()), list(lines["weights kept"].get_ydata())) == ([3], [0.40])
    assert [line.get_xdata()[0] for line in loss.lines if line.get_linestyle() == ":"] == [2.5]
    assert labelled_axes(figure)


def test_one_phase_alone_has_no_mark_of_change():
    figure = charts.acc_loss(TRAINING.iloc[2:], best_epoch=3)
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]


def over_nights(nights: list[str], p_aurora: list[float], sun: str, moon: str) -> pd.DataFrame:
    frame_ids = [f"{night}-{place:05d}" for place, night in enumerate(nights)]
    return pd.DataFrame({"frame_id": frame_ids, "p_aurora": p_aurora, "sun_class": sun, "moon_class": moon})


FIVE = [f"2024020{day}" for day in range(1, 6)]


def test_heat_map_cells_are_mean_and_population_deviation():
    values = np.array([0.0, 0.1, 0.2, 0.9, 0.8, 1.0])
    dark = over_nights([*FIVE, FIVE[0]], values.tolist(), "Night", "No_Moon")
    few = over_nights(FIVE[:4], [0.5] * 4, "Nautical", "Moon_Full")
    figure = charts.p_yes_heatmap(pd.concat([dark, few]))
    mean, deviation = (axes.collections[0].get_array().reshape(3, 3) for axes in figure.axes[:2])
    assert mean[0, 0] == pytest.approx(values.sum() / 6)
    assert deviation[0, 0] == pytest.approx(np.sqrt(((values - values.mean()) ** 2).mean()))
    assert np.ma.count(mean) == np.ma.count(deviation) == 1  # too few nights and no frames are empty, not zero
    for axes in figure.axes[:2]:
        texts = [text.get_text() for text in axes.texts]
        assert texts.count("no\nframes") == 7
        assert sum("\nn=4\n4 nights" in text for text in texts) == 1  # its numbers are there, without a colour
    assert figure.axes[0].texts[0].get_text() == "0.50\nn=6\n5 nights"


def test_histograms_share_out_all_frames_and_colour_by_threshold():
    figure = charts.p_yes_histograms(charts.with_conditions(PREDICTIONS, SKY), threshold=0.5)
    bars = figure.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == pytest.approx(1)
    yes = [bar.get_height() for bar in bars if mpl.colors.to_hex(bar.get_facecolor()) == style.YES.lower()]
    assert sum(yes) == pytest.approx(2 / 5)
    assert figure.axes[0].get_title() == "Night x No Moon\nn=5, 1 night"
    assert labelled_axes(figure)


@pytest.mark.parametrize("threshold", [0.12, 0.5, 0.87])
def test_a_threshold_inside_a_bar_divides_it_by_what_is_called(threshold):
    values = np.linspace(0, 1, 101)
    joined = over_nights(FIVE[:1] * 101, values.tolist(), "Night", "No_Moon")
    bars = charts.p_yes_histograms(joined, threshold).axes[0].patches
    yes = [bar for bar in bars if mpl.colors.to_hex(bar.get_facecolor()) == style.YES.lower()]
    assert sum(bar.get_height() for bar in yes) == pytest.approx((values >= threshold).mean())
    tops = {bar.get_x(): bar.get_y() + bar.get_height() for bar in yes}  # stacked on those not called
    np.testing.assert_allclose(list(tops.values()), np.histogram(values, 20, (0, 1))[0] / 101)


def test_frames_of_unknown_time_stand_in_no_condition():
    unknown = SKY.assign(sun_class=SKY["sun_class"].where(SKY.index > 0))
    assert len(charts.with_conditions(PREDICTIONS, unknown)) == len(SKY) - 1


def saved(figure, kind: str, path) -> bytes:
    style.save(figure, path / f"figure.{kind}", 100)
    return (path / f"figure.{kind}").read_bytes()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_equal_data_give_equal_bytes_without_a_date(kind, tmp_path):
    with style.applied():
        first, second = (saved(charts.acc_loss(TRAINING, 3), kind, tmp_path) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first
    assert b"matplotlib.org" not in first.replace(b"www.w3.org", b"")[:400]


def test_the_style_does_not_depend_on_the_users_own(tmp_path):
    with style.applied():
        plain = saved(charts.acc_loss(TRAINING, 3), "png", tmp_path)
    with mpl.rc_context({"lines.linewidth": 9, "figure.facecolor": "red"}), style.applied():
        assert saved(charts.acc_loss(TRAINING, 3), "png", tmp_path) == plain


def test_no_text_is_smaller_than_eight_points():
    explained = [("true positive", [photo_layouts.Example((np.zeros((20, 20, 3), np.uint8),) * 2, "caption")])]
    with style.applied():
        drawn = [
            charts.moon_phase_distribution(SKY, Params()),
            charts.acc_loss(TRAINING, 3),
            charts.p_yes_heatmap(charts.with_conditions(PREDICTIONS, SKY)),
            charts.p_yes_histograms(charts.with_conditions(PREDICTIONS, SKY), 0.5),
            photo_layouts.validation_gradcam(explained, TRAINING),
        ]
        for figure in drawn:
            style.say_simulated(figure)
            sizes = {text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()}
            assert min(sizes) >= 8
            assert figure.get_figwidth() == style.PAGE_WIDTH


def luminance(colour: str) -> float:
    return float(np.array(mpl.colors.to_rgb(colour)) @ [0.2126, 0.7152, 0.0722])


def test_moon_colours_and_classes_differ_in_grey():
    shades = [luminance(colour) for colour in style.MOON_COLOURS.values()]
    assert all(later - earlier > 0.15 for earlier, later in pairwise(shades))
    assert luminance(style.YES) - luminance(style.NO) > 0.15


def test_simulated_note_is_written_and_overlaps_nothing(tmp_path):
    with style.applied():
        figure = charts.acc_loss(TRAINING, 3)
        style.say_simulated(figure)
        saved(figure, "png", tmp_path)
        note = figure.texts[-1]
        assert note.get_text() == style.NOTE
        box = note.get_window_extent()
        assert not any(box.overlaps(axes.get_tightbbox()) for axes in figure.axes)


def test_pictures_are_cut_to_the_sky_circle():
    figure = photo_layouts.gallery(
        [("one", [photo_layouts.Example((np.zeros((60, 60, 3), np.uint8),), "a")])], ("frame",)
    )
    buffer = io.BytesIO()
    with style.applied():
        figure.savefig(buffer, dpi=100)
    dark = np.asarray(Image.open(buffer).convert("L")) < 40
    box = figure.axes[0].get_window_extent().transformed(mpl.transforms.Affine2D().scale(100 / figure.dpi))
    inside = dark[-int(box.y1) : -int(box.y0), int(box.x0) : int(box.x1)]
    assert inside.mean() == pytest.approx(np.pi / 4, abs=0.03)


def test_a_missing_overlay_is_said_in_the_picture():
    figure = photo_layouts.gallery(
        [("a", [photo_layouts.Example((np.zeros((9, 9, 3), np.uint8), None), "")])], ("x", "y")
    )
    assert "not\nexplained" in [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_gallery_without_frames_is_left_out_and_an_empty_group_is_named():
    assert photo_layouts.gallery([("false positive", [])], ("frame",)) is None
    example = photo_layouts.Example((np.zeros((9, 9, 3), np.uint8),), "")
    half = photo_layouts.gallery([("false positive", []), ("false negative", [example])], ("frame",))
    assert "none among\nthe explained" in [text.get_text() for axes in half.axes for text in axes.texts]


EXPLAINED = pd.DataFrame(
    {
        "frame_id": [f"2024020{night}-0000{k}" for night in (1, 2) for k in range(3)],
        "night": ["20240201"] * 3 + ["20240202"] * 3,
        "p_aurora": [0.9, 0.9, 0.1, 0.6, 0.7, 0.8],
        "sun_class": ["Night", "Night", "Nautical", "Night", "Astronomical", "Nautical"],
        "chosen_as": [frozenset({reason}) for reason in ["true positive"] * 2 + ["true negative"] * 4],
        "form": ["arc", "rays", None, "arc", "arc", None],
    }
)


def test_brightness_is_shown_from_one_night_that_has_the_three_classes():
    groups = selection.by_brightness(EXPLAINED, 2)
    assert groups == {
        "Night": ["20240202-00000"], "Astronomical": ["20240202-00001"], "Nautical": ["20240202-00002"]
    }  # fmt: skip
    mixed = selection.by_brightness(EXPLAINED[EXPLAINED["sun_class"] != "Astronomical"], 1)
    assert mixed == {"Night": ["20240201-00000"], "Astronomical": [], "Nautical": ["20240202-00002"]}


def test_the_surest_come_first_and_the_earlier_of_equals():
    assert selection.by_reason(EXPLAINED, ("true positive", "true negative"), 2) == {
        "true positive": ["20240201-00000", "20240201-00001"],
        "true negative": ["20240201-00002", "20240202-00000"],
    }
    tied = EXPLAINED.assign(p_aurora=0.5)
    assert selection.most_confident(tied, 3) == [
        "20240201-00000",
        "20240202-00000",
        "20240201-00001",
    ]  # nights take turns
    shuffled = EXPLAINED.sample(frac=1, random_state=3)
    assert selection.by_value(shuffled, "form", ("arc",), 9) == {
        "arc": ["20240201-00000", "20240202-00001", "20240202-00000"]
    }
    assert selection.by_value(EXPLAINED, "colour", ("red",), 2) == {}


def test_the_overview_shows_a_right_yes_of_the_night_that_varies_most():
    predictions = EXPLAINED[["frame_id", "p_aurora"]]
    assert selection.showcase(EXPLAINED, predictions) == "20240201-00000"
    assert selection.showcase(EXPLAINED.iloc[:0], predictions) is None
    long = pd.DataFrame({"frame_id": [f"20240202-{number:05d}" for number in range(7)], "p_aurora": 0.5})
    both = EXPLAINED.assign(chosen_as=[frozenset({"true positive"})] * len(EXPLAINED))
    assert selection.showcase(both, pd.concat([predictions[:3], long])).startswith("20240202")  # 3 of 7 frames are few


def test_a_keogram_column_is_the_frames_middle_line():
    columns = np.array([0, 1, 3])
    frames = [np.full((40, 40, 3), value, np.uint8) for value in (10, 20, 30)]
    frames[0][:, :15] = 255  # away from the middle
    frames[1][:20] = 200
    picture = keogram.keogram(frames, columns, rows=20)
    assert picture.shape == (20, 4, 3)
    assert (picture[:, 0] == 10).all()
    assert (picture[:10, 1] == 200).all() and (picture[10:, 1] == 20).all()
    assert (picture[:, 2] == keogram.EMPTY).all()


def test_the_overview_has_no_gap_under_a_slow_clock_and_one_where_a_frame_is_missing():
    start = pd.Timestamp("2024-02-01 06:00", tz="UTC")
    lines = np.full((5, 40, 3), 40, np.uint8)
    for seconds, gaps in ((np.arange(40) * 61.0, []), (np.delete(np.arange(41), 7) * 60.0, [7])):
        night = pd.DataFrame({"utc": start + pd.to_timedelta(seconds, unit="s"), "p_aurora": np.linspace(0.1, 0.9, 40)})
        sky, p_aurora = Figure().subplots(2, 1)
        overview.draw_night(sky, p_aurora, night, lines, 60.0)
        drawn, picture = p_aurora.lines[0].get_ydata(), sky.images[0].get_array()
        assert np.flatnonzero(np.isnan(drawn)).tolist() == gaps
        assert np.flatnonzero((picture == keogram.EMPTY).all(axis=(0, 2))).tolist() == gaps
        assert sorted(set(drawn[~np.isnan(drawn)])) == night["p_aurora"].tolist()


def test_frames_a_little_off_their_minute_leave_no_gap_and_a_missing_one_does():
    start = pd.Timestamp("2024-02-01 23:50", tz="UTC")
    slow = pd.Series(start + pd.to_timedelta(np.arange(200) * 60.4, unit="s"))
    shown = keogram.frame_at_columns(slow, 60)
    assert len(shown) == round(199 * 60.4 / 60) + 1
    assert (shown >= 0).all() and (np.diff(shown) >= 0).all()
    fast = pd.Series(start + pd.to_timedelta(np.arange(200) * 59.6, unit="s"))
    assert (keogram.frame_at_columns(fast, 60) >= 0).all()
    missing = pd.Series(start + pd.to_timedelta([0, 60, 180, 240, 420], unit="s"))
    assert keogram.frame_at_columns(missing, 60).tolist() == [0, 1, -1, 2, 3, -1, -1, 4]
    assert keogram.frame_at_columns(missing[:1], 60).tolist() == [0]


def test_the_edges_of_columns_lie_half_an_interval_from_their_frames():
    utc = pd.Series(pd.to_datetime(["2024-02-01 23:59:00", "2024-02-02 00:00:00"], utc=True))
    found = keogram.edges(utc, 60, 2)
    assert [f"{edge:%d %H:%M:%S}" for edge in found] == ["01 23:58:30", "01 23:59:30", "02 00:00:30"]


def test_stretches_end_at_gaps_and_at_changes_of_class():
    shown = np.array([0, 1, -1, 2, 3, 4, -1, -1])
    assert keogram.stretches(shown) == [(2, 3), (6, 8)]
    assert keogram.stretches(shown, pd.Series(["a", "a", "a", "b", None])) == [(0, 2), (3, 4), (4, 5)]
    assert keogram.stretches(np.array([0, 1])) == []


JUDGED = pd.DataFrame(
    {
        "frame_id": [f"2024020{night}-0000{k}" for night in (1, 2) for k in range(3)],
        "night": ["20240201"] * 3 + ["20240202"] * 3,
        "label": ["no", "no", "yes", "no", "yes", "yes"],
        "p_aurora": [0.95, 0.97, 0.30, 0.60, 0.02, 0.99],
    }
).assign(is_aurora=lambda table: table["p_aurora"] >= 0.5)


def test_the_surest_errors_come_first_and_nights_take_turns():
    assert photo_layouts.confident_errors(JUDGED, 9) == {
        "false positive": ["20240201-00001", "20240201-00000", "20240202-00000"],
        "false negative": ["20240202-00001", "20240201-00002"],
    }
    assert photo_layouts.confident_errors(JUDGED, 2)["false positive"] == ["20240201-00001", "20240202-00000"]
    assert photo_layouts.confident_errors(JUDGED.iloc[:0], 3) == {"false positive": [], "false negative": []}


def test_a_full_caption_names_night_time_condition_and_p_in_five_lines():
    row = pd.Series(
        {"night": "20240201", "utc": pd.Timestamp("2024-02-02 00:05:30", tz="UTC"), "p_aurora": 0.987,
         "sun_class": "Nautical", "moon_class": "Moon_Full"}
    )  # fmt: skip
    assert photo_layouts.full_caption(row) == "2024-02-01\n00:05 UTC\nNautical\nMoon Full\nP(yes) = 0.99"
    unknown = pd.Series({**row, "utc": pd.NaT, "sun_class": None, "moon_class": None})
    assert photo_layouts.full_caption(unknown) == "2024-02-01\ntime unknown\nunknown\nunknown\nP(yes) = 0.99"


def test_the_error_gallery_keeps_the_order_and_says_where_there_are_none():
    examples = [photo_layouts.Example((np.zeros((9, 9, 3), np.uint8), None, None), f"caption {k}") for k in range(3)]
    rows = ("frame", "Grad-CAM", "LayerCAM")
    figure = photo_layouts.error_gallery([("false positive", examples), ("false negative", [])], rows)
    captions = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert captions == ["caption 0", "caption 1", "caption 2"]
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == [*rows, *rows]
    assert "none among\nthe explained" in [text.get_text() for axes in figure.axes for text in axes.texts]
    assert photo_layouts.error_gallery([("false positive", [])], rows) is None


def test_a_first_phase_of_one_epoch_is_named_inside_the_axes():
    short = TRAINING.assign(phase=["frozen", "finetune", "finetune", "finetune"])
    figure = charts.acc_loss(short, 3)
    figure.draw_without_rendering()
    for axes in figure.axes:
        where = {text.get_text(): text.get_window_extent() for text in axes.texts}
        first, second = where["backbone frozen"], where["all layers"]
        assert axes.get_window_extent().x0 <= first.x0 and first.x1 < second.x0


METRICS = {
    "data": {"nights": 24, "frames": 1720, "frames_bad": 6, "months": 5},
    "times": {"read": 1600, "repaired": 90, "interpolated": 20, "failed": 10},
    "labels": {"labelled": 240, "yes": 100, "no": 140, "to_label": 0},
    "split": {"policy": "night", "train": {"frames": 120}, "val": {"frames": 40}, "test": {"frames": 0}},
    "train": {"best_epoch": 9, "epochs": 12},
    "scores": {"val": {"accuracy": {"value": 0.9125}}},
    "conditions": {"Night x No_Moon": {"frames": 1000}, "Night x Moon_Full": {"frames": 300}},
    "all_frames": {"frames": 1714},
}


def test_the_workflow_names_the_nine_stages_in_order_with_their_counts():
    figure = workflow_chart.full_workflow(METRICS, "val", in_conditions=1300, maps=52)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[::2] == [
        "extract", "ocr_utc", "illuminate", "sample_label", "split", "train", "evaluate", "gradcam", "report"
    ]  # fmt: skip
    found = dict(zip(texts[::2], texts[1::2], strict=True))
    assert "24 nights" in found["extract"] and "1,720 frames, 6 bad" in found["extract"]
    assert "1,600 times read" in found["ocr_utc"] and "90 repaired, 10 failed" in found["ocr_utc"]
    assert "1,300 frames" in found["illuminate"]
    assert "120 / 40 / 0" in found["split"]
    assert "epoch 9 of 12" in found["train"]
    assert "val accuracy 0.912" in found["evaluate"]  # of a split without a test set; half to even
    assert "52 maps" in found["gradcam"]


def test_brightening_keeps_black_white_and_hue_and_raises_the_dark():
    picture = np.array([[[0, 0, 0], [255, 255, 255], [10, 30, 20], [255, 0, 0]]], np.uint8)
    black, white, dim, red = style.brightened(picture)[0].tolist()
    assert (black, white, red) == ([0, 0, 0], [255, 255, 255], [255, 0, 0])
    assert dim[1] == round(255 * (30 / 255) ** (1 / style.PRINT_GAMMA))
    np.testing.assert_allclose(np.array(dim) / dim[1], [1 / 3, 1, 2 / 3], atol=0.01)


def test_a_loss_that_spans_decades_is_drawn_on_a_logarithmic_axis():
    wild = TRAINING.assign(val_loss=[0.7, 25.0, 0.6, 0.5])
    assert charts.acc_loss(wild, 4).axes[0].get_yscale() == "log"
    assert charts.acc_loss(TRAINING, 3).axes[0].get_yscale() == "linear"
