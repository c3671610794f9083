from __future__ import annotations

from collections import Counter
from itertools import product

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_gradcam.errors import InputError
from aurora_gradcam.labels_file import majority, read, write
from aurora_gradcam.tables.labels import LABELS_COLUMNS

KNOWN = [f"20240201-{number:05d}" for number in range(5)]
HEADER = "frame_id,label,annotator\n"


@pytest.fixture
def labels_file(tmp_path):
    return tmp_path / "labels.csv"


def test_a_missing_file_holds_no_labels(labels_file):
    assert read(labels_file, KNOWN).empty
    assert majority(read(labels_file, KNOWN)).empty


def test_spreadsheets_bom_line_ends_quotes_spaces_and_empty_lines_are_read(labels_file):
    text = f'\ufeff{HEADER.strip()}\r\n"{KNOWN[0]}", yes ,"Ada, L."\r\n\r\n,,\r\n{KNOWN[1]},no,Bo\r\n'
    labels_file.write_bytes(text.encode())
    assert read(labels_file, KNOWN).to_numpy().tolist() == [[KNOWN[0], "yes", "Ada, L."], [KNOWN[1], "no", "Bo"]]


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("20240201-00099,yes,Ada\n", 2, "'20240201-00099' is in no frames table"),
        (f"{KNOWN[0]},yes,Ada\n{KNOWN[1]},maybe,Ada\n", 3, "'maybe' is neither yes nor no"),
        (f"\n{KNOWN[1]},TRUE,Ada\n", 3, "'TRUE' is neither yes nor no"),
        (f"{KNOWN[1]},yes,Ada,x\n", 2, "4 values where"),
        (f"{KNOWN[0]},yes,\n", 2, "names no annotator"),
        (f"{KNOWN[0]},yes\n", 2, "2 values where frame_id,label,annotator are expected"),
        (f"{KNOWN[0]},yes,Ada\n{KNOWN[0]},no,Ada\n", 3, "'no' here and 'yes' in line 2"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_value(labels_file, content, line, told):
    labels_file.write_text(HEADER + content)
    with pytest.raises(InputError) as caught:
        read(labels_file, KNOWN)
    assert told in caught.value.what
    assert caught.value.where == f"{labels_file}, line {line}"
    assert caught.value.fix


@pytest.mark.parametrize(
    "header", ["", "frame_id;label\n", "frame_id,label,annotator,x\n", "frame,label\n", f"{KNOWN[0]},yes,Ada\n"]
)
def test_a_wrong_header_is_refused(labels_file, header):
    labels_file.write_text(header)
    with pytest.raises(InputError, match="header is") as caught:
        read(labels_file, KNOWN)
    assert caught.value.where.endswith("line 1")


def test_a_file_that_is_no_text_is_refused(labels_file):
    labels_file.write_bytes(HEADER.encode() + b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read(labels_file, KNOWN)


def test_the_same_label_given_twice_by_one_annotator_counts_once(labels_file):
    labels_file.write_text(HEADER + f"{KNOWN[0]},yes,Ada\n{KNOWN[0]},yes,Ada\n{KNOWN[0]},no,Bo\n")
    assert majority(read(labels_file, KNOWN))["label"].isna().all()


votes = st.dictionaries(st.tuples(st.sampled_from(KNOWN), st.sampled_from("ABCDE")), st.sampled_from(["yes", "no"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(votes)
def test_the_majority_of_annotators_decides_and_a_tie_leaves_the_frame_unlabelled(labels_file, given_votes):
    rows = "".join(f"{frame},{label},{name}\n" for (frame, name), label in given_votes.items())
    labels_file.write_text(HEADER + rows)
    found = majority(read(labels_file, KNOWN)).set_index("frame_id")
    assert set(found.index) == {frame for frame, _ in given_votes}
    for frame, row in found.iterrows():
        mine = {name: label for (of, name), label in given_votes.items() if of == frame}
        count = Counter(mine.values())
        assert row["annotator"] == "+".join(sorted(mine))
        if count["yes"] == count["no"]:
            assert pd.isna(row["label"])
        else:
            assert row["label"] == count.most_common(1)[0][0]


ROW = [[KNOWN[1], "yes", "Bjørn; jr., A"]]
FORMS = {  # how spreadsheets save one and the same table
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_spreadsheets_are_read(labels_file, form):
    header, frame_id, name = HEADER.strip().split(","), ROW[0][0], f'"{ROW[0][2]}"'
    for end, delimiter, behind, word in product(("\n", "\r\n", "\r"), ",;\t", (0, 2), ("yes", "Yes", "YES")):
        lines = [delimiter.join(fields) + delimiter * behind + end for fields in (header, [frame_id, word, name])]
        labels_file.write_bytes(FORMS[form]("".join(lines)))
        assert read(labels_file, KNOWN).to_numpy().tolist() == ROW, (end, delimiter, behind, word)


def test_an_encoding_that_cannot_be_told_is_refused_in_one_line(labels_file):
    labels_file.write_bytes((HEADER + f"{KNOWN[0]},yes,Bjørn\r\n").encode("cp1252"))
    with pytest.raises(InputError, match="UTF-8") as caught:
        read(labels_file, KNOWN)
    assert "CSV UTF-8" in caught.value.fix


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(st.sampled_from(KNOWN), TEXT), st.sampled_from(["yes", "no"])))
def test_what_is_written_is_read_again(labels_file, table):
    rows = pd.DataFrame([(frame, label, name) for (frame, name), label in table.items()], columns=list(LABELS_COLUMNS))
    write(labels_file, rows.astype(str))
    assert labels_file.read_bytes().startswith(HEADER.encode())
    assert read(labels_file, KNOWN).to_numpy().tolist() == rows.to_numpy().tolist()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda text: (HEADER + text).encode())))
def test_whatever_lies_there_is_read_or_refused_in_one_line(labels_file, content):
    labels_file.write_bytes(content)
    try:
        labels = read(labels_file, KNOWN)
    except InputError as error:
        assert str(labels_file) in error.where and error.fix
    else:
        assert set(labels["label"]) <= {"yes", "no"} and set(labels["frame_id"]) <= set(KNOWN)
