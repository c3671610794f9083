"""The other ends of `aurora watch`, real ones: a mosquitto with a listener, and a web server that is posted to."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import watched

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
MOSQUITTO, PASSWORDS = (shutil.which(name, path=PATH) for name in ("mosquitto", "mosquitto_passwd"))
NO_MOSQUITTO = "there is no mosquitto here: tools/system_packages.sh installs it"


class Mosquitto:
    """A broker that can be killed and brought back at the same port; it keeps who listens, and for what."""

    def __init__(self, folder: Path, password: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            f"user {getpass.getuser()}",
        ]
        if password:
            users = folder / "users"
            subprocess.run([PASSWORDS, "-b", "-c", users, "camera", password], check=True, capture_output=True)
            users.chmod(0o644)
            lines += [f"password_file {users}"]
        self.config.write_text("\n".join([*lines, f"allow_anonymous {str(not password).lower()}", ""]))
        folder.chmod(0o755)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.config], stderr=subprocess.DEVNULL)
        watched.until(self._listens)

    def _listens(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Listener:
    """A subscriber to everything, also to what comes while it is away."""

    def __init__(self, port: int, user: str = "", password: str = "") -> None:
        self.heard: list[paho.MQTTMessage] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=uuid4().hex, protocol=paho.MQTTv5)
        if user:
            self.client.username_pw_set(user, password)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_message = lambda client, data, each: self.heard.append(each)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self.client.connect_async("127.0.0.1", port, clean_start=False, properties=session)
        self.client.loop_start()

    def on(self, topic: str) -> list[dict]:
        return [json.loads(each.payload) for each in self.heard if each.topic == topic]

    def ids(self) -> list[str]:
        """Of the messages, in order; one that the broker repeats after its death counts once."""
        return list(dict.fromkeys(each["id"] for each in self.on("aurora/camera/event")))

    def text(self, topic: str) -> list[str]:
        return [each.payload.decode() for each in self.heard if each.topic == topic]


class Server:
    """An HTTP server that keeps what is posted and answers as it is told to."""

    def __init__(self, port: int = 0) -> None:
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = server.answers.pop(0) if server.answers else (200, {})
                if status < 300:
                    server.posted.append((dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._handler = Handler
        self.start(port)

    def start(self, port: int) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self.port = self.server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/hook/s3cret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
