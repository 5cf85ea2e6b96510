"""More connections than a process may hold open are refused in words, before anything is sent."""

import subprocess
import sys

import pytest

_SEND = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {most}))
from simulators.load.fan import Share, send_all
from simulators.load.sender import Plan
if __name__ == "__main__":
    send_all([Share(Plan(("http://127.0.0.1:1",), 500, 0.1, connect_seconds=0.1), [])], print)
"""


@pytest.mark.heavy  # starts processes
@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limit")
@pytest.mark.parametrize(("most", "told"), [(512, "ask for fewer connections"), (4096, "cannot be reached")])
def test_connections_are_refused_in_words_only_where_the_system_does_not_allow_them(most: int, told: str) -> None:
    ended = subprocess.run([sys.executable, "-c", _SEND.format(most=most)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert told in ended.stderr.splitlines()[-1]
