"""Debian's Chromium without a window, driven over its debugging socket: opens a page, asks it and pictures it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"
START_WITHIN = 30.0
"""Seconds."""
INSTALL_WITHIN = 300.0
"""Seconds."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
NO_INSTALL = "HUB_CONFORMANCE_NO_INSTALL"
"""Environment variable that forbids to install a browser."""


class NoBrowser(Exception):
    """There is no Chromium, and none could be installed; the text says why."""


def find() -> str:
    """Path of a Chromium; where there is none, root of a Debian gets one installed.

    Raises:
        NoBrowser: neither worked.
    """
    if found := _found():
        return found
    apt = shutil.which("apt-get")
    if os.environ.get(NO_INSTALL) or apt is None or os.geteuid() != 0:
        raise NoBrowser("no Chromium here: `apt-get install chromium` (as root) lets the browser tests run")
    for arguments in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", PACKAGE)):
        try:
            subprocess.run(
                [apt, *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                timeout=INSTALL_WITHIN,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise NoBrowser(f"Chromium could not be installed: apt-get {arguments[0]} failed ({problem})") from problem
    if found := _found():
        return found
    raise NoBrowser("apt-get installed Chromium, but it is not in the path")


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One open page. `complaints` are its console errors, exceptions and refused loads so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.complaints: list[str] = []
        self.requested: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and wait for its answer."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=START_WITHIN))
            if message.get("id") == self._last:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method", ""), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(parameters["args"])[:500])
        elif method == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])

    def open(self, path: Path) -> None:
        """Open a file and wait until it is drawn."""
        self.send("Page.navigate", url=path.resolve().as_uri())
        deadline = time.monotonic() + START_WITHIN
        while self.ask("document.readyState") != "complete":
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} did not load")
            time.sleep(0.02)
        self.settle()

    def settle(self) -> None:
        """Wait for timers and drawing of what was just done."""
        self.ask("new Promise(done => setTimeout(() => requestAnimationFrame(() => done(1)), 150))")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str, code: str = "", text: str = "") -> None:
        """Press and release a key, as a person at the keyboard."""
        number = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code or key,
                windowsVirtualKeyCode=number,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def resize(self, width: int, height: int, *, scale: float = 1) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        self.settle()

    def pretend(self, *, scheme: str = "light", medium: str = "") -> None:
        """Colour scheme (light, dark) and medium (empty for the screen, or print)."""
        self.send(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.settle()

    def picture(self, path: Path, *, whole: bool = False, height: int = 0) -> None:
        """Write a PNG of what is to be seen, of the whole page, or of its first `height` pixels."""
        parameters: dict[str, Any] = {"format": "png"}
        if whole or height:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            tall = min(size["height"], height or 15_000)
            parameters |= {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size["width"], "height": tall, "scale": 1},
            }
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", **parameters)["data"]))

    def print_to(self, path: Path) -> None:
        """Write the page as a PDF, as its print style has it."""
        path.write_bytes(base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"]))


@contextmanager
def page() -> Iterator[Page]:
    """A new browser with an empty profile and one blank page; both are gone afterwards.

    Raises:
        NoBrowser: there is none.
    """
    browser = find()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [browser, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(process, Path(profile)), max_size=None, open_timeout=START_WITHIN) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], profile: Path) -> str:
    import httpx

    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoBrowser(f"Chromium ended at once with status {process.returncode}")
        if port_file.exists() and (lines := port_file.read_text().splitlines()):
            pages = httpx.get(f"http://127.0.0.1:{lines[0]}/json/list", trust_env=False).json()
            found = next((one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"), None)
            if found:
                return str(found)
        time.sleep(0.05)
    raise NoBrowser("Chromium did not open its debugging socket in time")
