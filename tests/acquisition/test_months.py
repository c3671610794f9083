from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.acquisition import months
from aurora_gradcam.config import load
from aurora_gradcam.errors import ConfigError

ROOT = Path(__file__).parents[2]
MONTHS = st.builds("{:04d}-{:02d}".format, st.integers(2010, 2030), st.integers(1, 12))


def added(path: Path, text: str, new: list[str]) -> str:
    path.write_bytes(text.encode())
    months.add(path, new)
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    "before, after",
    [
        ('months: ["2024-03"]  # two\nseed: 1\n', 'months: ["2024-02", "2024-03", "2024-04"]  # two\nseed: 1\n'),
        ("a: {b:  1}\r\nmonths: [ '2024-05',2024-03 ]\r\n",
         "a: {b:  1}\r\nmonths: [ \"2024-02\",2024-03, \"2024-04\", '2024-05' ]\r\n"),
        ("months:\n  - '2024-03'   # spring\n  # the end\nseed: 1\n",
         'months:\n  - "2024-02"\n  - \'2024-03\'   # spring\n  - "2024-04"\n  # the end\nseed: 1\n'),
        ("months:\n- 2024-05 # May\n- 2024-03", 'months:\n- "2024-02"\n- 2024-03\n- "2024-04"\n- 2024-05 # May\n'),
        ("months:  # none yet\nseed: 1\n", 'months: ["2024-02", "2024-04"]  # none yet\nseed: 1\n'),
        ("months: []\n", 'months: ["2024-02", "2024-04"]\n'),
        ("# mine\nseed: 1", '# mine\nseed: 1\nmonths: ["2024-02", "2024-04"]\n'),
        ("", 'months: ["2024-02", "2024-04"]\n'),
    ],
)  # fmt: skip
def test_months_are_put_in_where_they_stand(tmp_path, before, after):
    assert added(tmp_path / "params.yaml", before, ["2024-04", "2024-02"]) == after


def test_the_projects_own_file_changes_in_one_line(tmp_path):
    before = (ROOT / "params.yaml").read_text(encoding="utf-8")
    after = added(tmp_path / "params.yaml", before, ["2018-04", "2031-01"])
    differing = [pair for pair in zip(before.split("\n"), after.split("\n"), strict=True) if pair[0] != pair[1]]
    assert [new.partition(":")[0] for _, new in differing] == ["months"]
    assert load(tmp_path / "params.yaml").months == tuple(
        sorted([*load(ROOT / "params.yaml").months, "2018-04", "2031-01"])
    )


@given(st.lists(MONTHS, unique=True, max_size=6), st.lists(MONTHS, min_size=1, max_size=4), st.data())
def test_any_list_ends_sorted_and_all_else_stays(listed, given_months, data):
    new = sorted(set(given_months) - set(listed)) or ["2031-01"]
    items = [data.draw(st.sampled_from(["{}", "'{}'", '"{}"'])).format(month) for month in listed]
    in_block = bool(items) and data.draw(st.booleans())
    if in_block:
        items = [item + data.draw(st.sampled_from(["", "  # why"])) for item in items]
        indent = data.draw(st.sampled_from(["- ", "  - ", "    -   "]))
        value = "\n" + "".join(f"{indent}{item}\n" for item in items)
    else:
        value = " [" + ", ".join(items) + "]\n"
    before, after = "# head\nseed:   7 # odd\n", "# between\nsite: {latitude: 1.0e+1}\n...\n"
    changed = months.with_months(f"{before}months:{value}{after}", new)
    assert changed.startswith(f"{before}months:") and changed.endswith(after)
    assert yaml.safe_load(changed) == {"seed": 7, "months": sorted([*listed, *new]), "site": {"latitude": 10.0}}
    assert all(item in changed for item in items)  # with its quotes; in a block, with its comment


def test_nothing_new_writes_nothing(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("months: [2024-03,  2024-01]\n")
    stamp = path.stat()
    assert months.add(path, ["2024-01", "2024-03"]) == []
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)


def test_what_is_new_is_told_and_the_files_mode_stays(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("months: [2024-03]\n")
    path.chmod(0o640)
    assert months.add(path, ["2024-05", "2024-03", "2024-04"]) == ["2024-04", "2024-05"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [other.name for other in tmp_path.iterdir()] == ["params.yaml"]


@pytest.mark.parametrize("text", ['a: &m ["2024-01"]\nmonths: *m\n', "{seed: 1}\n", "seed: 1\n...\n"])
def test_a_file_that_cannot_be_added_to_stays_and_the_line_is_told(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'set it to  months: \[.*"2024-02"\]'):
        months.add(path, ["2024-02"])
    assert path.read_text() == text
