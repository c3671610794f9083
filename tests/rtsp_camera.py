"""An RTSP camera for tests: ffmpeg draws, a small server (RFC 2326) hands its packets to whoever has the password."""

from __future__ import annotations

import base64
import re
import socket
import socketserver
import subprocess
import threading
from pathlib import Path


class Camera:
    """Serves a test picture of 320x240 at `address`; `asked` holds the requests that came."""

    def __init__(self, folder: Path, user: str = "", password: str = "") -> None:
        self.login = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self.asked: list[str] = []
        self.clients: list[socket.socket] = []
        self.packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.packets.bind(("127.0.0.1", 0))
        description = folder / "camera.sdp"
        film = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=320x240:r=5", "-c:v", "libx264"]
        film += ["-g", "5", "-bf", "0", "-tune", "zerolatency", "-sdp_file", str(description), "-f", "rtp"]
        self.film = subprocess.Popen([*film, f"rtp://127.0.0.1:{self.packets.getsockname()[1]}?pkt_size=1200"])
        self.packets.recv(65536)  # the description is there once packets come
        text = description.read_text()
        self.description = "v=0\r\n" + re.sub(r"m=video \d+", "m=video 0", text[text.index("o=") :])
        self.description = self.description.replace("\r\n", "\n").replace("\n", "\r\n") + "a=control:track\r\n"
        camera = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while request := camera.read(self.rfile):
                    camera.asked.append(request)
                    method, url, _ = request.split("\r\n")[0].split()
                    number = re.search(r"CSeq: *(\d+)", request)[1]
                    status, headers, body = camera.answer(method, url, request)
                    lines = [
                        f"RTSP/1.0 {status}",
                        f"CSeq: {number}",
                        *headers,
                        f"Content-Length: {len(body)}",
                        "",
                        body,
                    ]
                    try:
                        self.wfile.write("\r\n".join(lines).encode())
                    except OSError:  # who tears down may be gone
                        return
                    if method == "PLAY":
                        camera.clients.append(self.connection)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"rtsp://127.0.0.1:{self.server.server_address[1]}/live"
        for work in (self.server.serve_forever, self.relay):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def read(file: object) -> str:
        """One request; empty at the end of the connection. Reports of packets received are passed over."""
        lines: list[str] = []
        while True:
            first = file.read(1)
            if first == b"$":
                file.read(int.from_bytes(file.read(3)[1:], "big"))
                continue
            line = (first + file.readline()).decode() if first else ""
            if not line.strip():
                return "\r\n".join(lines)
            lines.append(line.strip())

    def answer(self, method: str, url: str, request: str) -> tuple[str, list[str], str]:
        """Status, headers and body."""
        if method == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], ""
        if self.login and f"Authorization: Basic {self.login}" not in request:
            return "401 Unauthorized", ['WWW-Authenticate: Basic realm="camera"'], ""
        if method == "DESCRIBE":
            return "200 OK", ["Content-Type: application/sdp", f"Content-Base: {url}/"], self.description
        if method == "SETUP":
            return "200 OK", ["Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"], ""
        return "200 OK", ["Session: 1"], ""

    def relay(self) -> None:
        """Hand every packet to every client."""
        while True:
            try:
                packet = self.packets.recv(65536)
            except OSError:
                return
            for client in list(self.clients):
                try:
                    client.sendall(b"$\0" + len(packet).to_bytes(2, "big") + packet)
                except OSError:
                    self.clients.remove(client)

    def close(self) -> None:
        """End it."""
        self.film.kill()
        self.film.wait()
        self.packets.close()
        self.server.shutdown()
        self.server.server_close()
