"""`lookout explain`: the page of a finding's code, or the list of all pages."""

import json as to_json
from difflib import SequenceMatcher
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import takewhile

from bot.errors import InputError

CLOSE = 0.5
"""How alike a code must be to be suggested, from 0 to 1."""


def run(code: str | None = None, *, json: bool = False) -> int:
    """Print one page, or every code with its title; raises InputError for a code that has no page."""
    if code is None:
        titles = {name: title_of(name) for name in codes()}
        if json:
            print(to_json.dumps([{"code": name, "title": title} for name, title in titles.items()], indent=2))
        else:
            width = max(map(len, titles))
            print("\n".join(f"{name:<{width}}  {title}" for name, title in titles.items()))
        return 0
    name = _known(code)
    if json:
        print(to_json.dumps({"code": name, "title": title_of(name), "page": page(name)}, indent=2))
    else:
        print(page(name), end="")
    return 0


def codes() -> list[str]:
    """Every code that has a page, those of registrations first."""
    found = [file.name.removesuffix(".md") for file in _folder().iterdir() if file.name.endswith(".md")]
    return sorted(found, key=lambda code: (not code.startswith("R"), code))


def page(code: str) -> str:
    """The page as Markdown."""
    return (_folder() / f"{code}.md").read_text(encoding="utf-8")


def title_of(code: str) -> str:
    """The page's first line without the code."""
    return page(code).splitlines()[0].removeprefix(f"# {code}: ")


def _folder() -> Traversable:
    return files("bot.core.lint") / "pages"


def _known(code: str) -> str:
    known = {name.lower(): name for name in codes()}
    given = code.strip().lower()
    if given in known:
        return known[given]
    nearest = max(known, key=lambda name: (_alike(given, name), _same(given, name)))
    close = _alike(given, nearest) >= CLOSE
    hint = f"Did you mean {known[nearest]}?" if close else "`lookout explain` lists all codes."
    raise InputError(f"There is no code {code[:60]}.", hint)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _same(one: str, other: str) -> int:
    """How many letters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
