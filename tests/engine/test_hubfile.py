"""`hub.toml`: what it may say, and how it is told what it may not."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from conformance.engine import hubfile
from conformance.engine.hubfile import HubFile, HubFileError, headers_of, line_numbers, read, schema

ROOT = Path(__file__).resolve().parents[2]


def mistakes(folder: Path, text: str) -> list[str]:
    (folder / "hub.toml").write_text(text, encoding="utf-8")
    with pytest.raises(HubFileError) as caught:
        read(folder / "hub.toml", "hub.toml")
    return list(caught.value.lines)


def documented() -> str:
    page = (ROOT / "docs" / "hub-toml.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.S)
    assert found
    return found[1]


def test_the_documented_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "gw-1234567890")
    (tmp_path / "our-ca.pem").write_text("")
    (tmp_path / "hub.toml").write_text(documented(), encoding="utf-8")
    file = read(tmp_path / "hub.toml")
    assert (file.hub.base_url, file.budget.requests, file.pace.seconds) == ("https://hub.example.com", 400, 0.5)
    assert file.key_headers == {"claude": "bearer", "gemini": "query-key"}
    shown = {header.name: (header.value.reveal(), header.shown) for header in headers_of(file)}
    assert shown == {"X-Region": ("eu", True), "X-Gateway-Key": ("gw-1234567890", False)}


def test_the_documented_file_names_every_key() -> None:
    given = tomllib.loads(documented().replace("# true: one", "#").replace("or pause = 0.5", ""))
    for table, field in HubFile.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and hasattr(model, "model_fields"):
            known = {f.alias for f in model.model_fields.values()} - {"pause", "verify", "families"}
            assert known <= set(given[field.alias or table]), table


def test_the_published_schema_is_that_of_the_models_and_takes_the_documented_file() -> None:
    published = json.loads(Path(hubfile.__file__).with_name("hub.schema.json").read_text(encoding="utf-8"))
    assert published == schema(), "write json.dumps(schema(), indent=2) into hub.schema.json"
    jsonschema.Draft202012Validator(published).validate(tomllib.loads(documented()))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[hub]\nbase-urll = 'x'", "hub.toml:2: hub.base-urll: is no key; did you mean base-url?"),
        ("[budgett]\n", "hub.toml:1: budgett: is no key; did you mean budget?"),
        ("\n\n[budget]\nrequests = 'five'", "hub.toml:4: budget.requests: must be a whole number, not 'five'"),
        ("budget.tokens = 0", "hub.toml:1: budget.tokens: must be greater than 0, not 0"),
        ("budget = { tokens = true }", "hub.toml:1: budget.tokens: must be a whole number, not true"),
        ("budget = 3", "hub.toml:1: budget: must be a table, not 3"),
        (
            "[hub]\nclaims = [\n 'chatt',\n]",
            "hub.toml:2: hub.claims: no family or operation is called 'chatt'; did",
        ),
        ("[hub]\nclaims = 'chat'", "hub.toml:2: hub.claims: must be a list"),
        ("[hub]\nclaims = [1]", "hub.toml:2: hub.claims: must be text in quotation marks, not 1"),
        ("[hub]\ntoken-env = 'sk-secret!'", "hub.toml:2: hub.token-env: must be the name of an environment variable"),
        ("[hub]\ntoken = 'sk-secret!'", "hub.toml:2: hub.token: a token does not belong into this file"),
        ("[hub]\nbase-url = 'hub.example.com'", "hub.toml:2: hub.base-url: is not a URL: give it as https://host"),
        ("[hub]\nresult-hosts = ['https://x.y']", "hub.toml:2: hub.result-hosts: must be the name of a host"),
        ("[run]\nprofile = 'corr'", "hub.toml:2: run.profile: must be one of core, text, media, tasks, realtime, full"),
        ("[run]\nfamilies = ['chat', 'cors', 'suna']", "hub.toml:2: run.families: no family is called 'suna'; did"),
        ("[models]\nembeding = 'x'", "hub.toml:2: models.embeding: no kind of work is called 'embeding'; did you mean"),
        ("[models]\nchat = ''", "hub.toml:2: models.chat: must not be empty"),
        ("[key-headers]\nclaude = 'api-key'", "hub.toml:2: key-headers.claude: must be one of bearer, x-api-key,"),
        ("[headers]\nX-A = { env = 'NOT_SET_7' }", "hub.toml:2: headers.X-A: the environment has no NOT_SET_7"),
        ("[headers]\nX-A = { secret = true }", "hub.toml:2: headers.X-A: must be text, or a table with"),
        ("[headers]\nX-A = { envv = 'A' }", "hub.toml:2: headers.X-A.envv: is no key; did you mean env?"),
        ("[headers]\nX-A = 5", "hub.toml:2: headers.X-A: must be text, or a table with either env or value"),
        (
            "[headers]\nAuthorization = 'sk-secret!'",
            "hub.toml:2: headers.Authorization: carries a credential",
        ),
        ("[headers]\nHost = 'a'", "hub.toml:2: headers.Host: is set by the suite itself"),
        ("[headers]\n'X A' = 'a'", "hub.toml:2: headers.X A: is no name that a header may have"),
        (
            "[pace]\npause = 1\nrequests-per-minute = 2",
            "hub.toml:1: pace: must have either",
        ),
        ("[timeouts]\nrequest = -1.5", "hub.toml:2: timeouts.request: must be greater than 0, not -1.5"),
        ("[timeouts]\nrequest = nan", "hub.toml:2: timeouts.request: must be "),
        ("[tls]\nca-file = 'no.pem'", "hub.toml:2: tls.ca-file: there is no file no.pem beside this one"),
        ("[hub]\nclaims = ['chat']\nnot-offered = ['chat']", "hub.toml:3: hub.not-offered: chat is claimed and not"),
        ("[hub\n", "hub.toml:1: is no TOML: "),
        ("a = 1\na = 2", "hub.toml:2: is no TOML: "),
    ],
)
def test_a_mistake_is_one_line_with_place_and_way_out(tmp_path: Path, text: str, line: str) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(line)
    assert "sk-secret!" not in found[0]


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "[run]\nlevel = 'most'\n\n[budget]\nrequest = 3\ntokens = 0\n")
    assert [line.split(":")[1] for line in found] == ["2", "5", "6"]


def test_whole_numbers_of_seconds_are_fine(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_bytes(b"\xef\xbb\xbf[timeouts]\r\nrequest = 30\r\n")
    assert read(tmp_path / "hub.toml").timeouts.request == 30


def test_what_is_no_text_or_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "hub.toml", tmp_path / "none.toml", tmp_path):
        with pytest.raises(HubFileError) as caught:
            read(path, "hub.toml")
        assert len(caught.value.lines) == 1


def test_lines_are_found_through_strings_and_lists_over_several_lines() -> None:
    text = 'a = """\n[no]\nb = 1\n"""\n\n[t."x.y"]\nc = [\n  1,\n]\nd.e = 2 # ]\n[[l]]\nf = 1\n'
    found = line_numbers(text)
    assert found[("a",)] == 1
    assert found[("t", "x.y", "c")] == 7
    assert found[("t", "x.y", "d", "e")] == 10
    assert found[("l", "f")] == 12
    assert ("b",) not in found
