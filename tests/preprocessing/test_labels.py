from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_gradcam.errors import InputError
from aurora_gradcam.preprocessing.labels import majority, read_labels

KNOWN = [f"20240201-{number:05d}" for number in range(5)]
HEADER = "frame_id,label,annotator\n"


@pytest.fixture
def labels_file(tmp_path):
    return tmp_path / "labels.csv"


def test_a_missing_file_holds_no_labels(labels_file):
    assert read_labels(labels_file, KNOWN).empty
    assert majority(read_labels(labels_file, KNOWN)).empty


def test_spreadsheets_bom_line_ends_quotes_spaces_and_empty_lines_are_read(labels_file):
    text = f'\ufeff{HEADER.strip()}\r\n"{KNOWN[0]}", yes ,"Ada, L."\r\n\r\n,,\r\n{KNOWN[1]},no,Bo\r\n'
    labels_file.write_bytes(text.encode())
    assert read_labels(labels_file, KNOWN).to_numpy().tolist() == [[KNOWN[0], "yes", "Ada, L."], [KNOWN[1], "no", "Bo"]]


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("20240201-00099,yes,Ada\n", 2, "'20240201-00099' is in no frames table"),
        (f"{KNOWN[0]},yes,Ada\n{KNOWN[1]},maybe,Ada\n", 3, "'maybe' is neither yes nor no"),
        (f"\n{KNOWN[1]},Yes,Ada\n", 3, "'Yes' is neither yes nor no"),
        (f"{KNOWN[0]},yes,\n", 2, "names no annotator"),
        (f"{KNOWN[0]},yes\n", 2, "2 values where frame_id,label,annotator are expected"),
        (f"{KNOWN[0]},yes,Ada\n{KNOWN[0]},no,Ada\n", 3, "'no' here and 'yes' in line 2"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_value(labels_file, content, line, told):
    labels_file.write_text(HEADER + content)
    with pytest.raises(InputError) as caught:
        read_labels(labels_file, KNOWN)
    assert told in caught.value.what
    assert caught.value.where == f"{labels_file}, line {line}"
    assert caught.value.fix


@pytest.mark.parametrize("header", ["", "frame_id;label;annotator\n", "frame,label\n", f"{KNOWN[0]},yes,Ada\n"])
def test_a_wrong_header_is_refused(labels_file, header):
    labels_file.write_text(header)
    with pytest.raises(InputError, match="header is") as caught:
        read_labels(labels_file, KNOWN)
    assert caught.value.where.endswith("line 1")


def test_a_file_that_is_no_text_is_refused(labels_file):
    labels_file.write_bytes(HEADER.encode() + b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_labels(labels_file, KNOWN)


def test_the_same_label_given_twice_by_one_annotator_counts_once(labels_file):
    labels_file.write_text(HEADER + f"{KNOWN[0]},yes,Ada\n{KNOWN[0]},yes,Ada\n{KNOWN[0]},no,Bo\n")
    assert majority(read_labels(labels_file, KNOWN))["label"].isna().all()


votes = st.dictionaries(st.tuples(st.sampled_from(KNOWN), st.sampled_from("ABCDE")), st.sampled_from(["yes", "no"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(votes)
def test_the_majority_of_annotators_decides_and_a_tie_leaves_the_frame_unlabelled(labels_file, given_votes):
    rows = "".join(f"{frame},{label},{name}\n" for (frame, name), label in given_votes.items())
    labels_file.write_text(HEADER + rows)
    found = majority(read_labels(labels_file, KNOWN)).set_index("frame_id")
    assert set(found.index) == {frame for frame, _ in given_votes}
    for frame, row in found.iterrows():
        mine = {name: label for (of, name), label in given_votes.items() if of == frame}
        count = Counter(mine.values())
        assert row["annotator"] == "+".join(sorted(mine))
        if count["yes"] == count["no"]:
            assert pd.isna(row["label"])
        else:
            assert row["label"] == count.most_common(1)[0][0]
