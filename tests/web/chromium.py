"""Debian's Chromium without a screen, driven by its own protocol over a WebSocket: for what a page does."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """One tab, in which scripts run."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session: str | None = None
        self._number = 0

    async def open(self) -> "Tab":
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self.call("Page.enable")
        return self

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask the browser for something, and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": self._session} if self._session else {}))
        while True:
            said = json.loads(await self._socket.receive_str(timeout=60))
            if said.get("id") == self._number:
                assert "error" not in said, said
                return dict(said["result"])

    async def run(self, script: str) -> Any:
        """What a script comes to in the page."""
        found = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until a script comes to something true."""
        async with asyncio.timeout(60):
            while not await self.run(script):
                await asyncio.sleep(0.05)

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        arrived = json.dumps(url.partition("?")[0])
        await self.until(f"location.href.startsWith({arrived}) && document.readyState === 'complete'")


@asynccontextmanager
async def tab(folder: Path) -> AsyncIterator[Tab]:
    """A tab of a browser of its own, which ends with it; its profile is in `folder`."""
    assert CHROMIUM is not None, "There is no Chromium; `make browser` installs Debian's."
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = (
        "--headless=new",
        "--remote-debugging-port=0",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1000,600",
    )
    process = await asyncio.create_subprocess_exec(
        *(CHROMIUM, *options, *sandbox, f"--user-data-dir={folder}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(r"DevTools listening on (\S+)", (await process.stderr.readline()).decode())):
                assert process.returncode is None
        draining = asyncio.create_task(process.stderr.read())
        async with ClientSession() as session, session.ws_connect(found[1], max_msg_size=0) as socket:
            yield await Tab(socket).open()
        draining.cancel()
    finally:
        process.terminate()
        await process.wait()
