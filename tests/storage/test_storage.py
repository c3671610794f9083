"""DVC with the real thing: what docs/storage.md promises of each kind of storage."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import stores
from stores import Store

FILES = 12
ROOT = Path(__file__).parents[2]
SECRET_NAMES = re.compile(r"^config\.local$|^\.env$|\.pem$|\.key$|^id_(rsa|ed25519|ecdsa)$|^\.netrc$|^credentials$")
SECRETS = re.compile(r"\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}\b")
OPTIONS = re.compile(r"password|passphrase|secret|access_key|token|connection_string|sas_", re.IGNORECASE)
DVC = (sys.executable, "-m", "dvc")


def dvc(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*DVC, *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def contents() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path("frames").iterdir())}


@pytest.fixture(scope="module", params=[*stores.STORES])
def store(request, tmp_path_factory) -> Iterator[Store]:
    if request.param == "ssh" and not stores.SSHD:
        pytest.skip("OpenSSH's server is not installed (apt-get install openssh-server)")
    with stores.STORES[request.param](tmp_path_factory.mktemp(request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def added(tmp_path_factory) -> Path:
    """A project without Git, with a folder of frames that DVC tracks."""
    place = tmp_path_factory.mktemp("added")
    generator = np.random.default_rng(5)
    (place / "frames").mkdir()
    for number in range(FILES):
        (place / f"frames/{number:02d}.bin").write_bytes(generator.bytes(2_000_000 if number == 7 else 20_000))
    (place / ".dvc").mkdir()
    write_config(place / ".dvc/config", {"core": {"no_scm": "true", "analytics": "false", "check_update": "false"}})
    subprocess.run([*DVC, "add", "--quiet", "frames"], cwd=place, check=True)
    return place


@pytest.fixture
def project(tmp_path, monkeypatch, store, added) -> dict[str, str]:
    """The current folder is a project with a folder of frames, and the store, empty, is its remote."""
    shutil.copytree(added, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name in store.names():
        store.remove(name)
    config = {"core": {"no_scm": "true", "analytics": "false", "check_update": "false", "remote": "mine"}}
    write_config(Path(".dvc/config"), config | {REMOTE: {"url": store.url, "verify": "true"}})
    open_by(store.settings)
    return contents()


REMOTE = "'remote \"mine\"'"


def write_config(path: Path, sections: dict[str, dict[str, str]]) -> None:
    """As `dvc remote add` and `dvc remote modify` write it, without starting either."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(sections)
    with path.open("w") as file:
        parser.write(file)


def open_by(settings: dict[str, str]) -> None:
    """The settings with the credentials, which stand in the file that Git ignores."""
    write_config(Path(".dvc/config.local"), {REMOTE: settings})


def forget() -> None:
    """As on another computer: neither frames nor cache."""
    for name in ("frames", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(name, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_site_cache(tmp_path_factory, monkeypatch):
    fresh_index(monkeypatch, tmp_path_factory)


def fresh_index(monkeypatch, tmp_path_factory) -> None:
    """DVC forgets what it knew of the remote: a killed push may have left that open."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))


def killed_once(command: list[str], is_under_way: Callable[[], bool]) -> None:
    """Start a command and kill it, with all that it started, as soon as something has arrived."""
    process = subprocess.Popen(
        [*DVC, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not is_under_way():
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def object_of(store: Store, name: str) -> str:
    digest = hashlib.md5(Path("frames", name).read_bytes()).hexdigest()
    return next(each for each in store.names() if each.endswith(f"{digest[:2]}/{digest[2:]}"))


@pytest.fixture
def at_length(store, pytestconfig) -> None:
    """`make test` tries these against a folder alone: each takes seconds a store."""
    is_plain_folder = not store.url.startswith(("ssh:", "http:", "s3:"))
    if not is_plain_folder and not pytestconfig.getoption("torture"):
        pytest.skip("make torture runs it")


@pytest.mark.counts("storage")
def test_what_was_pushed_is_pulled_elsewhere(project, store):
    dvc("push")
    assert len(store.names()) == FILES + 1
    forget()
    dvc("pull")
    assert contents() == project


@pytest.mark.counts("storage")
def test_a_push_and_a_pull_that_were_killed_go_on(at_length, project, store, monkeypatch, tmp_path_factory):
    killed_once(["push"], lambda: len(store.names()) >= 2)
    fresh_index(monkeypatch, tmp_path_factory)
    dvc("push")
    for name in store.names():
        digest = "".join(name.split("/")[-2:]).removesuffix(".dir")
        assert hashlib.md5(store.read(name)).hexdigest() == digest, "no half-written object"
    forget()
    cache = Path(".dvc/cache/files/md5")
    killed_once(["pull"], lambda: len([*cache.glob("??/*")]) >= 2)
    fresh_index(monkeypatch, tmp_path_factory)
    dvc("pull")
    assert contents() == project


@pytest.mark.counts("storage")
def test_a_wrong_key_is_refused_and_loses_nothing(project, store):
    if not store.wrong:
        pytest.skip("a folder has no key")
    open_by(store.wrong)
    refused = dvc("push", check=False)
    assert refused.returncode != 0 and "ERROR" in refused.stderr
    assert store.names() == [] and contents() == project
    open_by(store.settings)
    dvc("push")
    forget()
    open_by(store.wrong)
    refused = dvc("pull", check=False)
    assert refused.returncode != 0 and "ERROR" in refused.stderr
    open_by(store.settings)
    dvc("pull")
    assert contents() == project


@pytest.mark.counts("storage")
def test_a_missing_object_is_named_and_everything_else_arrives(at_length, project, store):
    dvc("push")
    lost = Path("frames/03.bin").read_bytes()
    name = object_of(store, "03.bin")
    store.remove(name)
    forget()
    refused = dvc("pull", check=False)
    assert refused.returncode != 0
    assert "03.bin" in refused.stderr or hashlib.md5(lost).hexdigest() in refused.stderr
    store.write(name, lost) if not isinstance(store, stores.Folder) else (store.root / name).write_bytes(lost)
    dvc("pull")
    assert contents() == project


@pytest.mark.counts("storage")
def test_a_corrupted_object_is_refused_where_the_remote_is_verified(at_length, project, store):
    dvc("push")
    name, whole = object_of(store, "05.bin"), Path("frames/05.bin").read_bytes()
    store.write(name, b"?" + whole[1:])
    forget()
    refused = dvc("pull", check=False)
    assert refused.returncode != 0, "damaged data must not pass for sound"
    here = Path("frames/05.bin")
    assert not here.exists() or here.read_bytes() == whole
    store.write(name, whole)
    dvc("pull")
    assert contents() == project


def test_no_secret_is_tracked():
    """Git holds no file of credentials, and no committed DVC config or workflow holds a password or key."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    files = [ROOT / name for name in listed.stdout.splitlines() if not name.startswith("data/remote/")]
    names = [path.name for path in files if SECRET_NAMES.search(path.name)]
    assert names == []
    texts = [path for path in files if path.is_file() and path.suffix not in (".png", ".parquet", ".zip")]
    holders = [path.name for path in texts if SECRETS.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert holders == []
    assert not OPTIONS.search((ROOT / ".dvc/config").read_text())
    ignored = subprocess.run(["git", "check-ignore", "--quiet", ".dvc/config.local"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@pytest.mark.parametrize(
    "text", ["AKIA" + "IOSFODNN7EXAMPLE", "-----BEGIN " + "OPENSSH PRIVATE KEY-----", "ghp_" + "a1" * 18]
)
def test_the_rule_sees_secrets_where_there_are_some(text):
    assert SECRETS.search(f"x = '{text}'")
