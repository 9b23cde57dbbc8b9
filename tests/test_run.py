"""Whole runs, as a user starts them: exit status, the one clear line, and what is left on disk."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Store
from conformance.entry import joined
from tests.support import holding

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sk-canary-4f1d0c7be2a9"
SECOND_TOKEN = "sk-another-canary-90c2e1b7"


@dataclass(frozen=True)
class Ended:
    status: int
    text: str
    report: Path

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.report / "result.json").read_text(encoding="utf-8")))

    @property
    def verdicts(self) -> dict[str, str]:
        return {row["test"]: row["verdict"] for row in self.result["rows"]}


Start = Callable[..., Ended]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Run pytest on the package in a process of its own; the report folder is fresh for each call."""
    count = 0

    def run(*arguments: str, token: str | None = None, timeout: float = 60) -> Ended:
        nonlocal count
        count += 1
        report = tmp_path / f"report-{count}"
        environment = {k: v for k, v in os.environ.items() if k not in ("HUB_TOKEN", "HUB_BASE_URL", "PYTEST_ADDOPTS")}
        environment |= {"HUB_TOKEN": token} if token else {}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", f"--report={report}", "-p", "no:cacheprovider", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ended(done.returncode, done.stdout + done.stderr, report)

    return run


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    running = EmbeddedHub.start(TOKEN)
    yield running.base_url
    running.stop()


@pytest.fixture(scope="module")
def second_hub() -> Iterator[str]:
    """A hub that knows two accounts."""
    running = EmbeddedHub.start(TOKEN, second_token=SECOND_TOKEN)
    yield running.base_url
    running.stop()


def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            answer(self)

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def web_site() -> Iterator[str]:
    def page(handler: BaseHTTPRequestHandler) -> None:
        body = b"<!doctype html><title>Welcome</title>"
        handler.send_response(200)
        handler.send_header("content-type", "text/html")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    server = serve(page)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def one_clear_line(ended: Ended, *words: str) -> None:
    assert ended.status == 4, ended.text
    assert "Traceback" not in ended.text
    (line,) = [line for line in ended.text.splitlines() if line.startswith("ERROR")]
    for word in words:
        assert word in line


def test_the_embedded_hub_is_conformant(start: Start) -> None:
    ended = start("--fuzz", "off")
    assert ended.status == 0, ended.text[-3000:]
    must = ended.result["counts"]["MUST"]
    assert must["pass"] > 100
    assert set(must) <= {"pass", "not-testable"}


def test_two_workers_and_a_second_run_give_the_same_verdicts_for_the_same_requests(start: Start) -> None:
    options = ("--fuzz", "off", "--profile", "text")  # how often a task is polled depends on the clock
    alone, together, again = start(*options), start(*options, "-n", "2"), start(*options)
    assert alone.verdicts == together.verdicts == again.verdicts
    assert alone.result["spend"]["by_family"] == together.result["spend"]["by_family"]
    assert alone.result["spend"]["requests"] == together.result["spend"]["requests"]


def test_a_fault_of_the_hub_ends_in_status_1_and_six_parts(start: Start) -> None:
    ended = start("--family", "chat", "--fault", "chat.stream.no-done")
    assert ended.status == 1
    finding = ended.text[ended.text.index("FAIL  chat.stream.done-last") :]
    for part in ("expected", "got", "why", "fix", "curl"):
        assert f"\n{part}" in finding
    assert "Traceback" not in ended.text


def test_a_deployment_is_judged_by_its_url(start: Start, hub: str) -> None:
    ended = start("--base-url", f"{hub}/v1/", "--family", "models", token=TOKEN)
    assert ended.status == 0, ended.text
    assert ended.result["target"]["base_url"] == hub


def test_the_token_is_nowhere(start: Start, hub: str) -> None:
    ended = start("--base-url", hub, "--family", "models", "--family", "auth", token=TOKEN)
    assert TOKEN not in ended.text
    assert len(list((ended.report / "evidence").iterdir())) > 10
    assert holding(ended.report, TOKEN) == []


def test_an_empty_second_token(start: Start, hub: str) -> None:
    one_clear_line(start("--base-url", hub, "--second-token-env", "NO_SUCH_NAME", token=TOKEN), "NO_SUCH_NAME")


def test_a_second_token_judges_strangers_and_is_nowhere(
    start: Start, second_hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_ACCOUNT", SECOND_TOKEN)
    options = ("--family", "responses", "--family", "isolation", "--fuzz", "off", "--second-token-env", "OTHER_ACCOUNT")
    ended = start("--base-url", second_hub, *options, token=TOKEN)
    judged = {row["requirement"]: row["verdict"] for row in ended.result["rows"]}
    assert judged["isolation.stranger.answer"] == "pass"
    files = [path for path in ended.report.rglob("*") if path.is_file()]
    assert [path for path in files if SECOND_TOKEN.encode() in path.read_bytes()] == []
    assert SECOND_TOKEN not in ended.text


@pytest.mark.parametrize("url", ["api.example.com", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
def test_a_wrong_url(start: Start, url: str) -> None:
    one_clear_line(start("--base-url", url), "--base-url", "https://host")


def test_a_refused_connection(start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    one_clear_line(start("--base-url", url, timeout=20), "cannot connect", url)


def test_a_missing_token(start: Start, hub: str) -> None:
    one_clear_line(start("--base-url", hub), "wants a token", "HUB_TOKEN")


def test_a_token_that_the_hub_refuses(start: Start, hub: str) -> None:
    ended = start("--base-url", hub, token="sk-some-other-token")
    one_clear_line(ended, "refuses the token", "HUB_TOKEN")
    assert "sk-some-other-token" not in ended.text


def test_a_token_that_no_header_can_carry(start: Start, hub: str) -> None:
    one_clear_line(start("--base-url", hub, token="sk-with-a-line-break\n"), "HUB_TOKEN", "line breaks")


def test_a_web_site_instead_of_an_api(start: Start, web_site: str) -> None:
    one_clear_line(start("--base-url", web_site, token=TOKEN), "web page")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--family", "chatt"), "chatt"),
        (("--concurrency", "0"), "--concurrency"),
        (("--request-timeout", "-1"), "--request-timeout"),
        (("--model", "embeddings="), "--model"),
        (("--fault", "no.such.fault"), "no.such.fault"),
        (("--base-url", "http://127.0.0.1:1", "--fault", "chat.stream.no-done"), "--fault"),
        (("--base-url", "http://127.0.0.1:1", "--hub-latency", "20"), "--hub-latency"),
        (("--hub-latency", "soon"), "300~100"),
    ],
)
def test_bad_options(start: Start, arguments: tuple[str, ...], word: str) -> None:
    one_clear_line(start(*arguments), word)


def test_an_unwritable_report_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one_clear_line(start(f"--report={tmp_path}/file/inside"), "--report")


def test_a_spent_budget_is_inconclusive(start: Start) -> None:
    ended = start("--family", "chat", "--max-requests", "4")
    assert ended.status == 2, ended.text[-2000:]
    assert ended.result["spend"]["requests"] <= 4
    assert "--max-requests" in ended.text


def test_nothing_selected_is_no_pass(start: Start) -> None:
    assert start("-k", "no_judge_has_this_name").status == 2


def test_a_hub_file_says_what_the_command_line_leaves_open(start: Start, hub: str, tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(
        f'[hub]\nbase-url = "{hub}"\ntoken-env = "OTHER_NAME"\nnot-offered = ["list-models-gemini"]\n'
        '[headers]\nX-Gateway-Key = { env = "HUB_TOKEN" }\nX-Shown = "as it is"\n'
        '[run]\nfamilies = ["models"]\n[models]\nchat = "gpt-4o"\n'
    )
    ended = start(f"--hub={file}", "--token-env", "HUB_TOKEN", "--model", "gpt-4.1-mini", "-n", "2", token=TOKEN)
    assert ended.status == 0, ended.text
    assert ended.result["target"]["base_url"] == hub
    assert ended.result["target"]["models"]["chat"] == "gpt-4.1-mini"
    verdicts = {row["verdict"] for row in ended.result["rows"] if row["operation"] == "list-models-gemini"}
    assert verdicts == {"not-offered"}
    record = Store(ended.report / "evidence").get("models_list")
    assert record is not None
    sent = {name.lower(): value for name, value in record.exchanges[0].request.headers}
    assert sent["x-shown"] == "as it is"
    assert sent["x-gateway-key"].startswith("[token]")
    assert TOKEN not in ended.text


def test_a_wrong_hub_file_ends_in_one_line_for_each_mistake(start: Start, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("[hub]\nbase-urll = 1\n\n[budget]\nrequests = 0\n")
    ended = start(f"--hub={tmp_path}/hub.toml")
    assert ended.status == 4
    lines = [line for line in ended.text.splitlines() if line]
    assert len(lines) == 2
    assert "hub.toml:2: hub.base-urll: is no key; did you mean base-url?" in lines[0]
    assert "hub.toml:5: budget.requests: must be greater than 0, not 0" in lines[1]


def test_level_must_leaves_the_others_out(start: Start) -> None:
    ended = start("--family", "models", "--level", "must")
    assert ended.status == 0, ended.text
    assert set(ended.result["counts"]) == {"MUST"}


def test_the_plan_of_the_core_profile_and_its_result_agree(start: Start) -> None:
    options = ("--profile", "core")
    planned = next(line for line in start(*options, "--plan").text.splitlines() if line.startswith("all "))
    _, _, requests, _, tokens, allowed = (int(word) for word in planned.split()[1:])
    spend = start(*options).result["spend"]
    assert spend["requests"] < 60
    assert spend["output_tokens_allowed"] < 5000
    assert spend["requests"] == pytest.approx(requests, rel=0.1)
    assert spend["output_tokens"] == pytest.approx(tokens, rel=0.1)
    assert spend["output_tokens_allowed"] == pytest.approx(allowed, rel=0.1)


def test_a_spent_token_budget_is_inconclusive_and_never_exceeded(start: Start) -> None:
    ended = start("--family", "chat", "--max-tokens", "300")
    assert ended.status == 2, ended.text[-2000:]
    assert 0 < ended.result["spend"]["output_tokens"] <= 300
    assert "--max-tokens" in ended.text
    assert {row["verdict"] for row in ended.result["rows"]} >= {"pass", "inconclusive"}


def test_a_serial_run_judges_the_same(start: Start, hub: str) -> None:
    ended = start("--base-url", hub, "--family", "chat", "--serial", token=TOKEN)
    assert ended.status == 0, ended.text[-2000:]


def command(*arguments: str, folder: Path, token: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HUB_TOKEN": token, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_init_writes_a_file_with_which_the_hub_is_judged(start: Start, hub: str, tmp_path: Path) -> None:
    first = command("init", "--base-url", hub, folder=tmp_path, token=TOKEN)
    assert first.returncode == 0, first.stderr
    text = (tmp_path / "hub.toml").read_text(encoding="utf-8")
    assert TOKEN not in text + first.stdout
    assert f'base-url = "{hub}"' in text
    ended = start(f"--hub={tmp_path / 'hub.toml'}", "--family", "models", token=TOKEN)
    assert ended.status == 0, ended.text


def test_init_leaves_a_file_alone_unless_it_is_told_otherwise(hub: str, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("# mine")
    refused = command("init", "--base-url", hub, folder=tmp_path, token=TOKEN)
    assert (refused.returncode, refused.stderr.count("\n")) == (4, 1)
    assert "--force" in refused.stderr
    assert (tmp_path / "hub.toml").read_text() == "# mine"
    assert command("init", "--base-url", hub, "--force", folder=tmp_path, token=TOKEN).returncode == 0


def test_init_without_a_token_says_where_to_put_it(hub: str, tmp_path: Path) -> None:
    refused = command("init", "--base-url", hub, "--token-env", "NO_SUCH_7", folder=tmp_path)
    assert refused.returncode == 4
    assert "NO_SUCH_7" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_a_report_folder_after_a_blank_is_explained(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    pytest_itself = [sys.executable, "-m", "pytest", "-p", "conformance.entry", "--report", str(tmp_path / "out")]
    led_away = subprocess.run(
        [*pytest_itself, "--plan"],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert led_away.returncode == 4
    assert f"write --report={tmp_path / 'out'}, with the sign" in led_away.stderr
    assert joined(["--plan", "--report", "out", "-k", "x", "--hub"]) == ["--plan", "--report=out", "-k", "x", "--hub"]
