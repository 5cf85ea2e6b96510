"""Log events have constant names of one grammar, `room.subject.action`, so that an operator can search for them."""

import ast
import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_GRAMMAR = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _events() -> list[tuple[str, ast.expr]]:
    """(file, first argument) of every call of a logger."""
    found: list[tuple[str, ast.expr]] = []
    for path in sorted((_ROOT / "ecm").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = _logged(node)
            if name is not None:
                found.append((str(path.relative_to(_ROOT)), name))
    return found


def _logged(node: ast.AST) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    called, arguments = node.func, node.args
    # asyncio.to_thread(_log.error, "event", ...) logs too.
    if isinstance(called, ast.Attribute) and called.attr == "to_thread" and arguments:
        called, arguments = arguments[0], arguments[1:]
    is_logger = (
        isinstance(called, ast.Attribute)
        and called.attr in _LEVELS
        and isinstance(called.value, ast.Name)
        and called.value.id in {"_log", "log", "logger"}
    )
    return arguments[0] if is_logger and arguments else None


def test_every_log_event_is_a_constant_of_the_one_grammar_and_begins_with_its_room():
    wrong = []
    for file, name in _events():
        text = name.value if isinstance(name, ast.Constant) else None
        room = Path(file).parts[1]
        if not isinstance(text, str) or not _GRAMMAR.fullmatch(text) or text.split(".")[0] != room:
            wrong.append((file, ast.unparse(name)))
    assert wrong == []
    assert len(_events()) > 20


def test_the_runbook_names_only_events_that_exist():
    known = {name.value for _, name in _events() if isinstance(name, ast.Constant)}
    rooms = "|".join(sorted({str(event).split(".")[0] for event in known}))
    runbook = (_ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{rooms})\.[a-z_]+\.[a-z_]+)`", runbook))
    assert named
    assert named - known == set()
