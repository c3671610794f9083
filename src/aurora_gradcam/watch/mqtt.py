"""State and messages over MQTT, with what Home Assistant needs to show them by itself."""

from __future__ import annotations

import json
import logging
import re
import threading
from contextlib import suppress
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from ..config import Mqtt
from .outbox import Message, Undelivered
from .secrets import secret

logger = logging.getLogger(__name__)

ACKNOWLEDGED_S = 15.0
KEEPALIVE_S = 30
LONGEST_WAIT_S = 30


def discovery(rule: Mqtt, camera: str) -> dict[str, dict[str, Any]]:
    """Topics and contents by which Home Assistant sets up the camera's entities; none without a discovery prefix."""
    if not rule.discovery:
        return {}
    node = re.sub(r"[^A-Za-z0-9_-]", "_", rule.topic)
    device = {"identifiers": [f"aurora_{node}"], "name": camera, "manufacturer": "aurora-gradcam"}
    shared = {"availability_topic": f"{rule.topic}/available", "device": device}

    def entity(kind: str, name: str, title: str, template: str, **more: Any) -> tuple[str, dict[str, Any]]:
        entry = {"name": title, "unique_id": f"aurora_{node}_{name}", **shared, **more}
        if template:
            entry |= {"state_topic": f"{rule.topic}/state", "value_template": f"{{{{ value_json.{template} }}}}"}
        return f"{rule.discovery}/{kind}/aurora_{node}/{name}/config", entry

    attributes = {"json_attributes_topic": f"{rule.topic}/state"}
    yes_or_no = {"payload_on": "yes", "payload_off": "no"}
    measured = {"state_class": "measurement"}
    percent = {"unit_of_measurement": "%", "suggested_display_precision": 1, **measured}
    picture = {"image_topic": f"{rule.topic}/picture", "content_type": "image/jpeg"}
    return dict(
        [
            entity("binary_sensor", "aurora", "Aurora", "aurora", icon="mdi:creation", **yes_or_no, **attributes),
            entity("binary_sensor", "trouble", "Trouble", "trouble", device_class="problem", **yes_or_no),
            entity("sensor", "p_aurora", "P(aurora)", "p_percent", **percent),
            entity("sensor", "cloud", "Cloud", "cloud"),
            entity("sensor", "strength", "Strength", "strength", unit_of_measurement="kR", **measured),
            entity("sensor", "sun", "Sun's altitude", "sun_altitude", unit_of_measurement="°", **measured),
            entity("sensor", "state", "State", "state"),
            entity("image", "picture", "Picture", "", **picture),
        ]
    )


class Broker:
    """A connection that comes back by itself; what is retained is sent again whenever it does."""

    name = "mqtt"

    def __init__(self, rule: Mqtt, camera: str) -> None:
        self._rule, self._camera = rule, camera
        self._now: tuple[dict[str, Any], bytes] | None = None
        self._waiting: tuple[str, paho.MQTTMessageInfo] | None = None
        self._lock = threading.Lock()
        self._was_connected = True
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if user := secret("AURORA_MQTT_USER"):
            self._client.username_pw_set(user, secret("AURORA_MQTT_PASSWORD") or None)
        if rule.tls:
            self._client.tls_set()
        self._client.will_set(f"{rule.topic}/available", "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, LONGEST_WAIT_S)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.connect_async(rule.host, rule.port, KEEPALIVE_S)
        self._client.loop_start()

    def _connected(self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if reason.is_failure:
            if self._was_connected:
                logger.warning(f"mqtt: {self._rule.host} refuses the connection: {reason}")
            self._was_connected = False
            return
        if not self._was_connected:
            logger.info(f"mqtt: {self._rule.host} is back")
        self._was_connected = True
        for topic, entry in discovery(self._rule, self._camera).items():
            client.publish(topic, json.dumps(entry), qos=1, retain=True)
        client.publish(f"{self._rule.topic}/available", "online", qos=1, retain=True)
        with self._lock:
            now = self._now
        if now:
            self._send(*now)

    def _disconnected(self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if self._was_connected and reason.is_failure:
            logger.warning(f"mqtt: the connection to {self._rule.host} is lost: {reason}")
            self._was_connected = False

    def deliver(self, message: Message) -> None:
        """Publish a message and wait until the broker has it; one that waits for a lost broker is not sent twice."""
        with self._lock:
            waiting = self._waiting
        if waiting is None or waiting[0] != message["id"]:
            if not self._client.is_connected():
                raise Undelivered(f"there is no connection to {self._rule.host}")
            info = self._client.publish(f"{self._rule.topic}/event", json.dumps(message), qos=1)
            waiting = (message["id"], info)
            with self._lock:
                self._waiting = waiting
        try:
            waiting[1].wait_for_publish(ACKNOWLEDGED_S)
            is_there = waiting[1].is_published()
        except (RuntimeError, ValueError):
            with self._lock:
                self._waiting = None
            raise Undelivered("the message was not taken") from None
        if not is_there:
            raise Undelivered(f"{self._rule.host} did not acknowledge the message")
        with self._lock:
            self._waiting = None

    def tell(self, now: dict[str, Any], picture: bytes) -> None:
        """Publish the newest state, retained; while there is no connection it waits, and only the last one does."""
        with self._lock:
            self._now = (now, picture)
        if self._client.is_connected():
            self._send(now, picture)

    def _send(self, now: dict[str, Any], picture: bytes) -> None:
        self._client.publish(f"{self._rule.topic}/state", json.dumps(now), qos=0, retain=True)
        if picture:
            self._client.publish(f"{self._rule.topic}/picture", picture, qos=0, retain=True)

    def close(self) -> None:
        """Say that nothing more comes, and disconnect."""
        if self._client.is_connected():
            info = self._client.publish(f"{self._rule.topic}/available", "offline", qos=1, retain=True)
            with suppress(RuntimeError, ValueError):  # the broker went away meanwhile
                info.wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()
