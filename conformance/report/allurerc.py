"""`allurerc.json`: what Allure 3 has to know beside the results; Allure 2 finds the like in `categories.json`."""

from __future__ import annotations

import json

from conformance.engine.judge import Verdict
from conformance.report.result import Result
from conformance.report.transcript import printable

CATEGORIES = {
    Verdict.FAIL: "A promise is broken (MUST)",
    Verdict.WARN: "A recommendation is not kept (SHOULD)",
    Verdict.ERROR: "The suite went wrong",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NOT_TESTABLE: "The evidence cannot tell",
    Verdict.NOT_OFFERED: "Not offered by this hub",
}


def allurerc(result: Result) -> str:
    """The configuration file as text: a title, and categories by the label that says our verdict."""
    hub = "the embedded hub" if result.target.embedded else printable(result.target.base_url)
    rules = [
        {"id": str(verdict), "name": words, "matchers": {"labels": {"verdict": str(verdict)}}, "groupByMessage": True}
        for verdict, words in CATEGORIES.items()
    ]
    return (
        json.dumps({"name": f"hub-conformance: {hub}", "categories": {"rules": rules}}, indent=2, ensure_ascii=False)
        + "\n"
    )
