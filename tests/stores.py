"""Storages on this machine for `dvc push` and `dvc pull`: a folder, OpenSSH, an HTTP and an S3-compatible server."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.client import BaseClient

Settings = dict[str, str]
"""Options of `dvc remote modify`."""
SSHD = next((path for path in ("/usr/sbin/sshd", shutil.which("sshd")) if path and Path(path).exists()), None)
BUCKET = "aurora"


class Store(ABC):
    """A remote: its address, the settings that open it, some that do not, and its objects from behind."""

    url: str
    settings: Settings
    wrong: Settings

    @abstractmethod
    def names(self) -> list[str]:
        """What lies in the store, by its path."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def remove(self, name: str) -> None: ...

    @abstractmethod
    def read(self, name: str) -> bytes: ...


class Folder(Store):
    """Objects as files; also what an SSH or HTTP server keeps its objects in."""

    def __init__(self, root: Path, url: str = "", settings: Settings | None = None, wrong: Settings | None = None):
        self.root, self.url = root, url or str(root)
        self.settings, self.wrong = settings or {}, wrong or {}
        root.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        paths = [path for path in self.root.rglob("*") if path.is_file() and len(path.stem.split(".")[0]) == 30]
        return sorted(path.relative_to(self.root).as_posix() for path in paths if path.suffix in ("", ".dir"))

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.chmod(0o644)
        path.write_bytes(content)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(is_there: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < ends, "the server did not start"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: process.poll() is not None or answers(port))
        assert process.poll() is None, f"{command[0]} ended with status {process.returncode}"
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def folder(place: Path) -> Iterator[Store]:
    yield Folder(place / "store")


def key_pair(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@contextmanager
def ssh(place: Path) -> Iterator[Store]:
    """OpenSSH's own server as the user of the tests, which takes one key and no password."""
    host, right, wrong = (key_pair(place / name) for name in ("host", "right", "wrong"))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, as root, separates its privileges
    port = free_port()
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {host}", f"AuthorizedKeysFile {right}.pub",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no", "StrictModes no", "PidFile none",
        "PermitRootLogin yes", "Subsystem sftp internal-sftp", "MaxStartups 100",
    ]  # fmt: skip
    (place / "sshd_config").write_text("\n".join(lines) + "\n")
    store = place / "store"
    with running([str(SSHD), "-D", "-e", "-f", str(place / "sshd_config")], port):
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{store}"
        yield Folder(store, url, {"keyfile": str(right)}, {"keyfile": str(wrong)})


class Handler(BaseHTTPRequestHandler):
    """GET, HEAD and POST of files for whoever sends the token."""

    protocol_version = "HTTP/1.1"
    root: Path
    token = "right"

    def log_message(self, *_: object) -> None:
        pass

    def respond(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def do_POST(self) -> None:
        content = self.body()
        if self.headers.get("X-Token") != self.token:
            return self.respond(401)
        path = self.root / self.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{threading.get_ident()}.part")
        part.write_bytes(content)
        part.replace(path)
        return self.respond(201)

    def do_GET(self) -> None:
        path = self.root / self.path.lstrip("/")
        if self.headers.get("X-Token") != self.token:
            return self.respond(401)
        return self.respond(200, path.read_bytes()) if path.is_file() else self.respond(404)

    do_HEAD = do_GET


@contextmanager
def http(place: Path) -> Iterator[Store]:
    root = place / "store"
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"root": root}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings = {"auth": "custom", "custom_auth_header": "X-Token", "password": "right"}
    try:
        yield Folder(root, f"http://127.0.0.1:{server.server_port}", settings, settings | {"password": "wrong"})
    finally:
        server.shutdown()
        server.server_close()


class Bucket(Store):
    """Objects of an S3-compatible server."""

    def __init__(self, client: BaseClient, url: str, settings: Settings, wrong: Settings):
        self.client, self.url, self.settings, self.wrong = client, url, settings, wrong

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", []))

    def write(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=name, Body=content)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=name)

    def read(self, name: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=name)["Body"].read()


SET_UP = 5
"""Requests that moto's server takes before it asks for keys: those that make the user, its key and the bucket."""
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@contextmanager
def s3(place: Path) -> Iterator[Store]:
    """moto's server, which checks signatures as AWS does once its user is made."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, INITIAL_NO_AUTH_ACTION_COUNT=str(SET_UP)):
        anyone = {
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": "a",
            "aws_secret_access_key": "a",
        }
        iam, client = boto3.client("iam", **anyone), boto3.client("s3", **anyone)
        client.create_bucket(Bucket=BUCKET)
        iam.create_user(UserName="ann")
        iam.put_user_policy(UserName="ann", PolicyName="s3", PolicyDocument=POLICY)
        made = iam.create_access_key(UserName="ann")["AccessKey"]
        key, secret = made["AccessKeyId"], made["SecretAccessKey"]
        client.list_objects_v2(Bucket=BUCKET)
        owner = boto3.client("s3", **anyone | {"aws_access_key_id": key, "aws_secret_access_key": secret})
        common = {"endpointurl": url, "region": "us-east-1", "access_key_id": key}
        right, wrong = common | {"secret_access_key": secret}, common | {"secret_access_key": "wrong"}
        yield Bucket(owner, f"s3://{BUCKET}/project", right, wrong)


STORES = {"folder": folder, "ssh": ssh, "http": http, "s3": s3}
