"""The built wheel, installed and used from an empty folder as somebody would who has never seen the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.embedded import EmbeddedHub

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("conformance", "openapi", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
TOKEN = "sk-canary-of-the-wheel-77c1"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def clean_environment() -> dict[str, str]:
    """Without what tells Python, pytest or the suite where to look."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "HUB_"))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the tree, and nothing left there gets into it."""
    folder = tmp_path_factory.mktemp("build")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, folder / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "out", "."]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    (built,) = (folder / "out").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; what it depends on is borrowed from the environment of this test."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, timeout=120, env=clean_environment())
    (package,) = folder.glob("lib/python*/site-packages/conformance")
    (package.parent / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture
def package(environment: Path) -> Path:
    (found,) = environment.glob("lib/python*/site-packages/conformance")
    return found


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    """Start a program of the environment in an empty folder; what Python compiles goes beside it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    kept = clean_environment() | {"PYTHONPYCACHEPREFIX": str(environment / "compiled")}

    def start(*command: str, token: str = "") -> subprocess.CompletedProcess[str]:
        path = environment / "bin" / command[0]
        env = kept | ({"HUB_TOKEN": token} if token else {})
        return subprocess.run(
            [str(path), *command[1:]], cwd=folder, env=env, capture_output=True, text=True, timeout=100, check=False
        )

    return start


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    running = EmbeddedHub.start(TOKEN)
    yield running.base_url
    running.stop()


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and the time of its last change."""
    stats = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def test_all_that_is_not_code_travels_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    rooms = ((ROOT / "conformance", "conformance"), (ROOT / "openapi", "conformance/_openapi"))
    wanted = {
        f"{place}/{path.relative_to(folder).as_posix()}"
        for folder, place in rooms
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", "node_modules", "_openapi"} & set(path.parts)
    }
    assert wanted - packed == set()
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} == {"conformance"}


def test_pytest_judges_the_embedded_hub_by_the_name_of_the_package(run: Run, package: Path) -> None:
    before = files(package)
    done = run("python", "-m", "pytest", "--pyargs", "conformance", "--family", "moderations", "--fuzz", "off")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformant: " in done.stdout
    assert "warning" not in done.stdout.lower()
    assert files(package) == before


def test_the_command_judges_a_deployment(run: Run, hub: str, package: Path, tmp_path: Path) -> None:
    before = files(package)
    done = run("hub-conformance", "run", "--base-url", hub, "--family", "models", "--report", "out", token=TOKEN)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "empty" / "out" / "result.json").read_text())
    assert result["target"]["base_url"] == hub
    assert result["counts"]["MUST"]["pass"] > 5
    assert {row["test"].partition("::")[0] for row in result["rows"]} == {"conformance/families/models/test_lists.py"}
    assert "already imported" not in done.stdout + done.stderr
    assert files(package) == before


def test_workers_know_the_options_too(run: Run) -> None:
    done = run("hub-conformance", "run", "--family", "models", "--fuzz", "off", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformant: " in done.stdout


def test_a_part_of_the_package_is_judged_alone(run: Run) -> None:
    done = run("hub-conformance", "run", "conformance.families.models", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    collected = [line for line in done.stdout.splitlines() if "::" in line]
    assert collected
    assert all(line.startswith("test_lists.py::") for line in collected)


def test_a_wrong_option_is_one_line_and_status_4(run: Run) -> None:
    done = run("hub-conformance", "run", "--famly", "models")
    assert done.returncode == 4
    assert "unrecognized arguments: --famly" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_contract_of_the_wheel_is_that_of_the_tree(run: Run) -> None:
    done = run("hub-conformance", "spec", "--json")
    assert json.loads(done.stdout) == load_contract().document


def test_a_requirement_is_explained(run: Run) -> None:
    done = run("hub-conformance", "explain", "chat.stream.done-last")
    assert done.returncode == 0, done.stderr
    assert "[DONE]" in done.stdout


def test_other_projects_keep_their_options_and_load_nothing_of_the_suite(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    (folder / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    for name in ('--base-url', '--model', '--plan'):\n"
        "        parser.addoption(name, default='theirs')\n"
    )
    (folder / "test_theirs.py").write_text(
        "import sys\n\n\ndef test_theirs(pytestconfig):\n    assert pytestconfig.option.model == 'theirs'\n"
        "    assert [n for n in sys.modules if n.startswith('conformance.')] == ['conformance.entry']\n"
    )
    done = run("python", "-m", "pytest", "-p", "no:schemathesis")
    assert done.returncode == 0, done.stdout


def test_a_plugin_that_takes_our_option_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty" / "base_url.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--base-url')\n"
    )
    command = (
        "python",
        "-m",
        "pytest",
        "-p",
        "base_url",
        "--pyargs",
        "conformance",
        "--base-url",
        "http://127.0.0.1:1",
    )
    done = run(*command)
    assert done.returncode == 4
    assert "-p no:base_url" in done.stderr
    assert "Traceback" not in done.stderr
