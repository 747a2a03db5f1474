"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("kfq_crm", "chains", "leads", "services", "seeds")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60

CHINESE = re.compile(r"[\u3400-\u9fff\uff01-\uff5e\u3001-\u3011]")
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore).*")
REASONED = re.compile(r"# (?:noqa: [A-Z0-9, ]+ — \S|type: ignore\[[\w, -]+\]  # \S).*")
# What officials type is Chinese, and these have to recognise it
VOCABULARY = tuple(
    f"kfq_crm/base/{name}.py" for name in ("names", "amounts", "dates", "codes", "regions")
)
# Spelt in halves, so that this file does not name them itself
REGISTRIES = re.compile(
    "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.(?:org|com)"])
)

# No database, no request: what these decide can be tested with plain values.
PURE = ["workdays", "names", "amounts", "dates", "codes", "parsing", "errors"]


def python_files(*folders: str) -> list[Path]:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in tracked if name.endswith(".py") and (ROOT / name).exists()]


def sources() -> list[Path]:
    return [path for path in python_files() if "migrations" not in path.parts]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_stay_short_enough_to_read() -> None:
    lengths = {named(p): len(p.read_text(encoding="utf-8").splitlines()) for p in sources()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_stay_short_enough_to_read() -> None:
    long = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in sources()
        for node in functions(path)
        if (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_is_called_services() -> None:
    """An app has that name; a module of that name would be taken for it."""
    assert [named(path) for path in sources() if path.name == "services.py"] == []


def test_imports_stand_at_the_top() -> None:
    """An import inside a function hides a circle; AppConfig.ready is Django's one exception."""
    inner = [
        f"{named(path)}:{statement.lineno}"
        for path in python_files(*APPS)
        for node in functions(path)
        if not (path.name == "apps.py" and node.name == "ready")
        for statement in ast.walk(node)
        if isinstance(statement, ast.Import | ast.ImportFrom)
    ]
    assert inner == []


def test_what_people_read_is_english_in_the_source() -> None:
    """Chinese belongs into the catalogue, the seeds and the tests; a docstring may name a term."""
    chinese = [
        f"{named(path)}:{node.lineno} {node.value!r}"
        for path in python_files(*APPS, "bin")
        if "migrations" not in path.parts and not named(path).startswith(("seeds/", *VOCABULARY))
        for node in literals(path)
        if CHINESE.search(node.value)
    ]
    assert chinese == []


def literals(path: Path) -> Iterator[ast.Constant]:
    """String constants that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node


def test_every_suppression_gives_its_reason() -> None:
    unreasoned = [
        f"{named(path)}:{number} {found.group()}"
        for path in sources()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := SUPPRESSION.search(line)) and not REASONED.fullmatch(found.group())
    ]
    assert unreasoned == []


def test_no_package_registry_is_named() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    texts = [ROOT / name for name in listed if (ROOT / name).is_file()]
    assert [named(p) for p in texts if REGISTRIES.search(p.read_text("utf-8", "ignore"))] == []


@pytest.mark.parametrize("name", PURE)
def test_pure_rules_know_no_database(name: str) -> None:
    path = ROOT / "kfq_crm" / "base" / f"{name}.py"
    imported = {
        module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in modules_of(node)
    }
    forbidden = ("django.db", "django.http", "django.contrib", "kfq_crm.base.models")
    assert [module for module in sorted(imported) if module.startswith(forbidden)] == []


def modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_a_template_of_plain_text_escapes_nothing() -> None:
    """Nobody reads a subject or a mail's text as HTML: “&amp;” would stand there as it is."""
    texts = sorted((ROOT / "kfq_crm" / "templates").rglob("*.txt"))
    escaping = [named(p) for p in texts if "{% autoescape off %}" not in p.read_text("utf-8")]
    assert texts
    assert escaping == []
