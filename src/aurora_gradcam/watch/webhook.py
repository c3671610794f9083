"""Messages posted to an address: as JSON, or as ntfy, Discord and Slack want them."""

from __future__ import annotations

import json
from typing import Any, Literal

import httpx

from .event import text_of
from .outbox import Message, Undelivered
from .secrets import secret

Body = Literal["json", "ntfy", "discord", "slack"]
TIMEOUT_S = 15.0
LONGEST_WAIT_S = 600.0
AGAIN = (408, 425, 429)  # and every status from 500
TITLES = {"aurora_begins": "Aurora", "aurora_ends": "Aurora over", "trouble": "Camera", "trouble_over": "Camera"}


def request_of(message: Message, body: Body) -> tuple[bytes, dict[str, str]]:
    """Body and headers of what is posted."""
    text = text_of(message)
    if body == "ntfy":
        begins = message["kind"] == "aurora_begins"
        headers = {"Title": TITLES.get(message["kind"], "Aurora"), "Priority": "high" if begins else "default"}
        return text.encode(), {**headers, "Tags": "milky_way", "Content-Type": "text/plain; charset=utf-8"}
    tree: dict[str, Any] = {**message, "text": text}
    if body == "discord":
        tree = {"content": text, "allowed_mentions": {"parse": []}}
    elif body == "slack":
        tree = {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    return json.dumps(tree).encode(), {"Content-Type": "application/json"}


class Webhook:
    """Posts to the address in AURORA_WEBHOOK_URL, with the bearer token in AURORA_WEBHOOK_TOKEN where there is one."""

    name = "webhook"

    def __init__(self, address: str, body: Body) -> None:
        self._address, self._body = address, body
        token = secret("AURORA_WEBHOOK_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(timeout=TIMEOUT_S, headers=headers)

    def deliver(self, message: Message) -> None:
        """Post one message."""
        content, headers = request_of(message, self._body)
        try:
            response = self._client.post(self._address, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Undelivered(type(error).__name__) from None  # its text may hold the address
        if response.is_success:
            return
        again = response.status_code in AGAIN or response.is_server_error
        asked = response.headers.get("retry-after", "")
        wait_s = min(float(asked), LONGEST_WAIT_S) if asked.isdecimal() else 0.0
        raise Undelivered(f"the server answers {response.status_code}", wait_s, is_final=not again)

    def tell(self, now: dict[str, Any], picture: bytes) -> None:
        """Nothing: a webhook is for messages."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
