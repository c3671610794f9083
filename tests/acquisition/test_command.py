"""`aurora fetch` as people type it, against a real server."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import yaml

import archive_server
import videos
from archive_server import File
from aurora_gradcam.cli import main
from aurora_gradcam.config import load

ROOT = Path(__file__).parents[2]
PATTERN = "/{year}/{month}/auroramaxHD_{night}_{size}.mp4"


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    return videos.write(path, [videos.draw(number) for number in range(20)]).read_bytes()


@pytest.fixture
def archive():
    with archive_server.started() as archive:
        yield archive


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The current folder is a project without videos; its params.yaml is this project's own, with two months."""
    monkeypatch.chdir(tmp_path)
    of_project = (ROOT / "params.yaml").read_text()
    text, found = re.subn(r"^months: .*$", 'months: ["2024-03", "2024-12"]', of_project, flags=re.M)
    assert found == 1
    Path("params.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def aurora(monkeypatch, capsys):
    """Run the command line: exit status, standard output, lines of standard error."""

    def run(*arguments: str) -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "argv", ["aurora", "fetch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err.splitlines()

    return run


def path_of(night: date, size: str = "720p") -> str:
    return f"/{night:%Y/%m}/auroramaxHD_{night:%Y%m%d}_{size}.mp4"


def test_nights_their_month_and_what_comes_next(archive, project, aurora, video):
    archive.files |= {path_of(date(2024, 4, day)): File(video) for day in (1, 2, 4)}
    before = Path("params.yaml").read_text()
    wanted = ["--from", "2024-04-01", "--to", "2024-04-05", "--address", archive.url + PATTERN]
    code, out, err = aurora(*wanted)
    assert code == 0
    assert sorted(os.listdir("data/raw/2024-04")) == [f"auroramaxHD_2024040{day}_720p.mp4" for day in (1, 2, 4)]
    after = Path("params.yaml").read_text()
    assert after == before.replace('"2024-03", "2024-12"', '"2024-03", "2024-04", "2024-12"') != before
    lines = out.splitlines()
    assert lines[0].startswith("3 fetched, 2 missing; ")
    assert lines[1:] == [
        "  missing: 2024-04-03, 2024-04-05",
        "months of params.yaml: 2024-04 added",
        "next: dvc add data/raw/2024-04   # DVC keeps the videos; Git only their .dvc files",
        "      git add data/raw/*.dvc params.yaml",
        "      dvc repro sample_label",
    ]
    [warning] = [line for line in err if line.startswith("warning")]
    assert "2024-03, 2024-12" in warning  # the sample's, put away

    stamp = Path("params.yaml").stat().st_mtime_ns
    archive.requests.clear()
    code, out, _ = aurora(*wanted)
    assert code == 0 and "3 already there, 2 missing" in out and "added" not in out
    assert {request.status for request in archive.requests} == {404}
    assert Path("params.yaml").stat().st_mtime_ns == stamp


def test_a_folder_without_params_takes_the_defaults_and_gets_its_months(archive, tmp_path, monkeypatch, aurora, video):
    monkeypatch.chdir(tmp_path)
    archive.files[path_of(date(2024, 4, 1))] = File(video)
    code, _, _ = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN)
    assert code == 0 and Path("params.yaml").read_text() == 'months: ["2024-04"]\n'


def test_another_params_file_takes_the_months_and_tells_the_addresses(archive, project, aurora, video):
    archive.files[path_of(date(2024, 4, 1))] = File(video)
    Path("mine.yaml").write_text(f'fetch: {{addresses: ["{archive.url}{PATTERN}"]}}  # mine\n')
    before = Path("params.yaml").read_text()
    code, out, _ = aurora("--from", "2024-04-01", "--params", "mine.yaml")
    assert code == 0 and out.startswith("1 fetched; ")
    assert load(Path("mine.yaml")).months == ("2024-04",)
    assert "# mine" in Path("mine.yaml").read_text()
    assert Path("params.yaml").read_text() == before


def test_nothing_there_is_one_line_and_status_2(archive, project, aurora):
    before = Path("params.yaml").read_bytes()
    code, out, err = aurora("--from", "2024-04-01", "--to", "2024-04-03", "--address", archive.url + PATTERN)
    assert (code, out) == (2, "")
    assert err[-1].startswith("InputError: not one of 3 nights came: missing: 2024-04-01 to 2024-04-03 [http://")
    assert Path("params.yaml").read_bytes() == before
    assert os.listdir("data/raw") == [".lock"]


def test_a_dry_run_prints_the_archives_addresses_and_asks_nobody(project, aurora):
    code, out, err = aurora("--from", "2018-04-20", "--to", "20180421", "--size", "480p", "--dry-run")
    root = "https://data.phys.ucalgary.ca/sort_by_project/AuroraMAX/rt-movies/mp4/2018/04"
    assert (code, err) == (0, [])
    assert out.splitlines() == [
        f"{root}/20/auroramaxHD_20180420_480p.mp4",
        f"{root}/20/yknf_slr-12/auroramaxHD_20180420_480p.mp4",
        f"{root}/21/auroramaxHD_20180421_480p.mp4",
        f"{root}/21/yknf_slr-12/auroramaxHD_20180421_480p.mp4",
    ]
    assert not Path("data").exists()


@pytest.mark.parametrize("size", ["480p", "1080p"])
def test_for_another_size_the_lines_to_set_are_told(archive, project, aurora, video, size):
    archive.files[path_of(date(2018, 4, 21), size)] = File(video)
    code, out, _ = aurora("--from", "2018-04-21", "--size", size, "--address", archive.url + PATTERN)
    assert code == 0
    told = yaml.safe_load(out[out.index("extract:\n") : out.index("next:")])["extract"]
    assert told["file_pattern"] == f"auroramaxHD_{{night}}_{size}.mp4"
    if size == "480p":
        known = yaml.safe_load((ROOT / "tests/real/params_480p.yaml").read_text())["extract"]
        assert told == {key: known[key] for key in told}
    else:
        known = load(ROOT / "params.yaml").extract
        assert told["circle"]["center"] == [1.5 * value for value in known.circle.center]
        assert told["stamp_box"] == [1.5 * value for value in known.stamp_box]
        assert (told["circle"]["radius"], told["crop"]) == (1.5 * known.circle.radius, 1.5 * known.crop)


def test_the_bundled_sample_is_not_mixed_with_real_nights(archive, project, aurora, video):
    sample = Path("data/raw/2024-02/simulatedHD_20240203_720p.mp4")
    sample.parent.mkdir(parents=True)
    sample.write_bytes(video)
    wanted = ["--from", "2024-01-31", "--to", "2024-02-01", "--address", archive.url + PATTERN]
    code, _, [line] = aurora(*wanted)
    assert code == 2
    assert line.startswith("InputError: simulated videos are here") and "[data/raw/2024-02]" in line
    assert "`rm -r data/raw/* data/labels/labels.csv data/labels/truth*`" in line
    sample.unlink()
    Path("data/raw/2024-02.dvc").write_text("outs: []\n")
    code, _, [line] = aurora(*wanted)
    assert code == 2 and "[data/raw/2024-02.dvc]" in line and "dvc pull data/raw/2024-02.dvc" in line
    assert archive.requests == []


def test_real_videos_that_dvc_tracks_are_no_hindrance_but_simulated_months_are_told(archive, project, aurora, video):
    archive.files[path_of(date(2024, 2, 2))] = File(video)
    for name in ("2024-02/auroramaxHD_20240201_720p.mp4", "2024-03/simulatedHD_20240301_720p.mp4"):
        Path("data/raw", name).parent.mkdir(parents=True)
        Path("data/raw", name).write_bytes(video)
    Path("data/raw/2024-02.dvc").write_text("outs: []\n")
    code, out, err = aurora("--from", "2024-02-01", "--to", "2024-02-02", "--address", archive.url + PATTERN)
    assert code == 0 and out.startswith("1 fetched, 1 already there; ")
    assert any("lists 2024-03, whose videos are simulated" in line for line in err)


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--from", "2024-02-30"], r"'2024-02-30' is not a date \[--from\]"),
        (["--from", "2024-02-02", "--to", "2024-02-01"], "is after the last night"),
        (["--from", "2099-01-01"], "2099-01-01 is in the future"),
        (["--from", "2020-01-01", "--to", "2022-01-01"], "732 nights are more than the 400"),
        (["--from", "2024-02-01", "--size", "4K"], r"'4K' is not a size \[--size\]"),
        (["--from", "2024-02-01", "--timeout", "0"], r"0 s is not a time to wait \[--timeout\]"),
        (["--from", "2024-02-01", "--address", "ftp://host/{night}.mp4"], "must begin with http"),
        (["--from", "2024-02-01", "--address", "http://host/{date}{night}.mp4"], r"holds \{date\}"),
        (["--from", "2024-02-01", "--address", "http://host/{night}/v.mp4"], "does not end with a file name"),
        (["--from", "2024-02-01", "--set", "fetch.at_once=40"], "fetch.at_once"),
        (["--from", "2024-02-01", "--params", "none.yaml"], r"no such params file \[none.yaml\]"),
    ],
)
def test_bad_use_is_one_line_and_status_2(project, aurora, arguments, told):
    code, out, err = aurora(*arguments)
    assert (code, out, len(err)) == (2, "", 1)
    assert re.search(told, err[0])
    assert not Path("data").exists()


def test_a_second_fetch_at_the_same_time_is_refused(archive, project, aurora):
    Path("data/raw").mkdir(parents=True)
    with open("data/raw/.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        code, _, [line] = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN)
    assert code == 2 and "another `aurora fetch` is running here [data/raw]" in line
    assert archive.requests == []


def flock_of_nfs(descriptor: int, operation: int) -> None:
    """As on NFS: an exclusive lock needs a descriptor that is open for writing."""
    if operation & fcntl.LOCK_EX and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def no_locks(descriptor: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.parametrize(("flock", "warned"), [(flock_of_nfs, False), (no_locks, True)])
def test_network_disks_with_other_locks_or_none_are_no_hindrance(
    archive, project, aurora, video, monkeypatch, flock, warned
):
    archive.files[path_of(date(2024, 4, 1))] = File(video)
    monkeypatch.setattr(fcntl, "flock", flock)
    code, out, err = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN)
    assert code == 0 and out.startswith("1 fetched; ")
    assert any("data/raw has no file locks" in line for line in err) is warned


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("HTTPS_PROXY", "socks://127.0.0.1:9"),
        ("http_proxy", "nonsense://[::1"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_line_that_names_its_variable(project, aurora, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    code, out, [line] = aurora("--from", "2021-01-05", "--address", "http://127.0.0.1:9/sky_{night}.mp4")
    assert (code, out) == (2, "") and line.startswith("ConfigError: the proxy settings") and name in line


def test_names_without_a_proxy_that_cannot_be_used_are_named(project, aurora, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost,fe80::/10")
    code, _, [line] = aurora("--from", "2021-01-05", "--address", "http://127.0.0.1:9/sky_{night}.mp4")
    assert code == 2 and "NO_PROXY" in line


def test_an_archive_on_this_machine_is_asked_without_the_proxy(archive, project, aurora, video, monkeypatch):
    archive.files[path_of(date(2024, 4, 1))] = File(video)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")  # where nobody answers
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    code, out, _ = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN, "--timeout", "5")
    assert code == 0 and out.startswith("1 fetched; ")


def test_a_disk_that_is_full_at_the_last_rename_keeps_the_part(archive, project, aurora, video, monkeypatch):
    archive.files[path_of(date(2024, 4, 1))] = File(video)
    wanted = ["--from", "2024-04-01", "--address", archive.url + PATTERN]
    replace = os.replace

    def refuse(source, target):
        if str(target).endswith(".mp4"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        code, _, err = aurora(*wanted)
    assert code == 2 and err[-1].startswith("InputError: cannot write here: no space left on device [data/raw/2024-04]")
    assert not any("Traceback" in line for line in err)
    assert Path("data/raw/2024-04/.auroramaxHD_20240401_720p.mp4.part").read_bytes() == video
    archive.requests.clear()
    code, _, _ = aurora(*wanted)
    assert code == 0 and [request.status for request in archive.requests] == [416]
    assert Path("data/raw/2024-04/auroramaxHD_20240401_720p.mp4").read_bytes() == video


def test_the_steps_that_are_printed_keep_videos_out_of_git(archive, project, aurora, video):
    """Its output followed to the letter, `git add -A` at the end included."""

    def run(*command: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "GIT_CONFIG_GLOBAL": os.devnull}
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    archive.files[path_of(date(2024, 4, 1))] = File(video)
    Path("data/raw").mkdir(parents=True)
    for name in (".gitignore", "data/raw/.gitignore"):
        shutil.copy(ROOT / name, name)
    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    _, out, _ = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN)
    steps = [line.partition("#")[0].removeprefix("next:").split() for line in out.splitlines()[-3:]]
    assert [step[0] for step in steps] == ["dvc", "git", "dvc"]
    run("git", "add", "-A")
    assert ".mp4" not in run("git", "ls-files")
    run(*steps[0])
    run("sh", "-c", " ".join(steps[1]))
    run("git", "add", "-A")
    tracked = run("git", "ls-files").splitlines()
    assert "data/raw/2024-04.dvc" in tracked and not [name for name in tracked if ".mp4" in name or ".lock" in name]


def test_a_folder_that_cannot_be_written_is_told_first(archive, project, aurora):
    Path("data").mkdir()
    Path("data/raw").write_text("no folder")
    code, _, [line] = aurora("--from", "2024-04-01", "--address", archive.url + PATTERN)
    assert code == 2 and "cannot write here: file exists [data/raw]" in line
    assert archive.requests == []


def test_ctrl_c_keeps_what_has_come_and_the_next_call_goes_on(archive, project, aurora, video):
    first, second = date(2024, 4, 1), date(2024, 4, 2)
    archive.files |= {path_of(first): File(video), path_of(second): File(video, stalls=[7000, None])}
    wanted = ["--from", str(first), "--to", str(second), "--address", archive.url + PATTERN]
    code = "from aurora_gradcam.cli import main; main()"
    command = [sys.executable, "-c", code, "fetch", *wanted]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [ROOT / "src", *filter(None, sys.path)]))}
    part = Path("data/raw/2024-04/.auroramaxHD_20240402_720p.mp4.part")
    # a background job of a shell ignores SIGINT, and so would all that it starts
    restore = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=restore) as process:
        ends = time.monotonic() + 60
        while not (Path("data/raw/2024-04/auroramaxHD_20240401_720p.mp4").exists() and part.exists()
                   and part.stat().st_size == 7000):  # fmt: skip
            assert process.poll() is None and time.monotonic() < ends
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "stopped: 1 fetched; what came of the others is kept in data/raw" in told and "Traceback" not in told
    assert load().months[-2] == "2024-04"  # the night that is there counts
    archive.requests.clear()
    code, _, _ = aurora(*wanted)
    assert code == 0
    assert Path("data/raw/2024-04/auroramaxHD_20240402_720p.mp4").read_bytes() == video
    assert [request.headers["range"] for request in archive.requests] == ["bytes=7000-"]
