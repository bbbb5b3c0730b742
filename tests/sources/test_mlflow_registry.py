"""Asking an MLflow registry: answers of a real MLflow 3.17, and what servers answer instead."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.core.change import ChangeKind
from bot.errors import SourceError
from bot.settings.changes import ChangeSourceSettings
from bot.sources import mlflow_registry

REGISTRY = json.loads((Path(__file__).parents[1] / "data" / "mlflow_registry" / "registry.json").read_text())
NOW = datetime(2026, 11, 23, 17, 12, tzinfo=UTC)


def settings(**given):
    """Settings of a registry behind a password."""
    return ChangeSourceSettings(**{"kind": "mlflow", "url": "https://reader:pw@mlflow.example/", **given})


def server(registry):
    """A registry that answers as MLflow does: prompts only where they are asked for."""

    def answer(request):
        prompts = "is_prompt" in (request.url.params.get("filter") or "")
        if request.url.path.endswith("model-versions/search"):
            assert request.url.params["order_by"] == "creation_timestamp DESC"
            return httpx.Response(200, json=registry["prompt_versions" if prompts else "model_versions"])
        return httpx.Response(200, json=registry["prompts" if prompts else "models"])

    return httpx.Client(transport=httpx.MockTransport(answer))


def read(answer, cursor=None, now=NOW, **given):
    """One reading of a registry, or of whatever answers."""
    client = (
        server(answer) if isinstance(answer, dict) else httpx.Client(transport=httpx.MockTransport(answer))
    )
    return mlflow_registry.read("registry", settings(**given), cursor or {}, now, client)


def test_the_first_reading_takes_versions_of_the_last_week_and_remembers_aliases():
    """Where an alias pointed before nobody knows; a version has its own time and page."""
    found = read(REGISTRY)
    assert [change.id for change in found.changes] == [
        "model_version/reranker/2", "model_version/reranker/1",
        "prompt_version/answer-style/2", "prompt_version/answer-style/1",
    ]  # fmt: skip
    newest = found.changes[0]
    assert (newest.kind, newest.version, newest.service) == (ChangeKind.MODEL, "2", "reranker")
    assert newest.at == datetime(2026, 11, 23, 17, 10, 31, 572000, tzinfo=UTC)
    assert newest.url == "https://mlflow.example/#/models/reranker/versions/2"
    assert found.changes[2].url == "https://mlflow.example/#/prompts/answer-style"
    assert found.cursor["aliases"]["model/reranker"] == {"champion": "2", "shadow": "1"}
    assert read(REGISTRY, now=NOW + timedelta(days=8)).changes == ()


def test_an_alias_that_moved_did_so_between_the_two_readings():
    """From which version to which; one that went and one that came are changes too."""
    before = {
        "at": (NOW - timedelta(minutes=2)).isoformat(),
        "aliases": {
            "model/reranker": {"champion": "1", "retired": "1"},
            "prompt/answer-style": {"production": "2"},
        },
    }
    moved = [change for change in read(REGISTRY, before).changes if "alias" in change.id]
    assert [(change.title, change.versions) for change in moved] == [
        ("Model reranker: alias champion now points at version 2", "1 → 2"),
        ("Model reranker: alias retired removed", "1"),
        ("Model reranker: alias shadow now points at version 1", "1"),
    ]
    assert (moved[0].earliest, moved[0].at) == (NOW - timedelta(minutes=2), NOW)
    assert moved[0].twin == "mlflow/model_alias/reranker/champion/2"


def test_other_models_in_the_configuration_are_no_aliases_that_moved():
    """What was not asked about before came and went nowhere."""
    before = read(REGISTRY, models=["reranker"]).cursor
    assert not [change for change in read(REGISTRY, before).changes if "alias" in change.id]
    assert not [change for change in read(REGISTRY, before, prompts=False).changes if "alias" in change.id]
    same = read(REGISTRY, before | {"aliases": {}}, models=["reranker"])
    assert len([change for change in same.changes if "alias" in change.id]) == 2


def test_models_may_be_named_and_prompts_left_out():
    """Only what is served is news."""
    names = {change.service for change in read(REGISTRY, prompts=False).changes}
    assert names == {"reranker"}
    assert {change.service for change in read(REGISTRY, models=("answer-style",)).changes} == {"answer-style"}


def test_pages_are_followed_and_bounded():
    """By the token; a registry that never ends is refused."""
    asked = []

    def answer(request):
        asked.append(request)
        if request.url.path.endswith("model-versions/search"):
            return httpx.Response(200, json={})
        page = request.url.params.get("page_token", "0")
        models = [{"name": f"m{page}", "aliases": [{"alias": "champion", "version": "1"}]}]
        following = {"next_page_token": str(int(page) + 1)} if page < "2" else {}
        return httpx.Response(200, json={"registered_models": models, **following})

    found = read(answer, prompts=False)
    assert list(found.cursor["aliases"]) == ["model/m0", "model/m1", "model/m2"]
    endless = {"registered_models": [], "next_page_token": "again"}
    with pytest.raises(SourceError, match="registry lists more than 2000 registered models"):
        read(lambda request: httpx.Response(200, json=endless if "registered" in request.url.path else {}))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda _: httpx.Response(401), "registry answered 401: is its token right?"),
        (lambda _: httpx.Response(404), "registry answered 404: is its url right?"),
        (lambda _: httpx.Response(302, headers={"location": "https://login.example/x"}), "to login.example"),
        (lambda _: httpx.Response(302, headers={"location": "https://[x"}), "a redirect: configure"),
        (lambda _: httpx.Response(200, text="<html>"), "not an object of JSON"),
        (lambda _: httpx.Response(200, text="[" * 100_000), "not an object of JSON"),
        (lambda _: httpx.Response(200, content=b" " * (5 * 1024 * 1024)), "more than 4 MiB"),
    ],
    ids=["401", "404", "redirect", "odd redirect", "HTML", "nested", "large"],
)
def test_what_cannot_be_read_says_why_and_never_the_address(answer, says):
    """A password may stand in it."""
    with pytest.raises(SourceError) as error:
        read(answer)
    assert says in str(error.value)
    assert "pw" not in str(error.value)


def test_a_registry_that_cannot_be_reached_or_is_slow_says_so():
    """Whatever httpx raises."""

    def down(request):
        raise httpx.ConnectError("https://reader:pw@mlflow.example refused", request=request)

    def slow(request):
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(SourceError, match=r"^registry cannot be reached: ConnectError$"):
        read(down)
    with pytest.raises(SourceError, match=r"^registry timed out after 10 s$"):
        read(slow)


def test_a_token_is_sent_as_a_bearer_and_items_of_any_shape_are_passed_over():
    """What is not understood of a list is no change."""
    seen = []

    def answer(request):
        seen.append(request.headers.get("authorization"))
        odd = [
            None,
            {"name": 7},
            {"name": "x", "version": "1", "creation_timestamp": "soon"},
            {"aliases": {}},
        ]
        key = "model_versions" if "versions" in request.url.path else "registered_models"
        return httpx.Response(200, json={key: odd})

    assert read(answer, url="https://mlflow.example", token="t0ken").changes == ()
    assert set(seen) == {"Bearer t0ken"}


def test_prompts_among_the_models_as_mlflow_2_lists_them_are_no_models():
    """They are read once, as prompts."""
    both = {
        "models": {"registered_models": [*REGISTRY["models"]["registered_models"],
                                         *REGISTRY["prompts"]["registered_models"]]},
        "model_versions": {"model_versions": [*REGISTRY["model_versions"]["model_versions"],
                                              *REGISTRY["prompt_versions"]["model_versions"]]},
        "prompts": REGISTRY["prompts"], "prompt_versions": REGISTRY["prompt_versions"],
    }  # fmt: skip
    found = read(both)
    assert found.changes == read(REGISTRY).changes
    assert set(found.cursor["aliases"]) == {"model/reranker", "prompt/answer-style"}
