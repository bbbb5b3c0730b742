"""A document's Markdown as one page of HTML: nothing beside it is needed, and it prints on A4.

Markdown's own HTML is not passed through, and links lead to the web or into the page only.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

HTML = "text/html"

_STYLE = """
:root { --ink: #1c2733; --dim: #5b6876; --line: #d9e0e6; --paper: #fff; --soft: #f4f7f9; --accent: #1f5f8b;
  --gap: #fff4d6; --gap-ink: #7d5500; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --dim: #9aa8b5; --line: #34414d; --paper: #12181e; --soft: #1b232b;
    --accent: #7db8e0; --gap: #3a2f12; --gap-ink: #f0cf80; } }
@page { size: A4; margin: 18mm 17mm 20mm; @bottom-right { content: counter(page) " / " counter(pages);
  font: 9pt system-ui, sans-serif; color: #5b6876; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .5rem 0; } li { margin: .2rem 0; } ul, ol { padding-left: 1.3rem; }
blockquote { margin: .8rem 0; padding: .2rem 1rem; border-left: 3px solid var(--accent);
  background: var(--soft); }
code { font: .9em ui-monospace, monospace; background: var(--soft); padding: 0 .2em; border-radius: 3px; }
pre { background: var(--soft); padding: .6rem .8rem; overflow-x: auto; border-radius: 4px; }
pre code { padding: 0; background: none; }
a { color: var(--accent); }
a.record { font-size: .78em; color: var(--dim); text-decoration: none; white-space: nowrap; }
a.record:hover, tr:target { background: var(--soft); }
strong.gap { font-weight: 600; background: var(--gap); color: var(--gap-ink); border-radius: 3px;
  padding: 0 .25em; display: block; width: fit-content; margin: .15rem 0; }
.wide { overflow-x: auto; margin: .8rem 0; } td a.record { white-space: normal; }
@media screen { table:has(th:nth-child(6)) { min-width: 46rem; } }
table { border-collapse: collapse; width: 100%; font-size: .92em; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
  border-bottom: 1px solid var(--line); }
td:last-child { overflow-wrap: anywhere; }
th { color: var(--dim); font-weight: 600; }
table:has(th:nth-child(6)) td { overflow-wrap: anywhere; min-width: 3.6rem; }
table:has(th:nth-child(6)) td:last-child { min-width: 6rem; }
thead tr:has(th:empty):not(:has(th:not(:empty))) { display: none; }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; } .wide { overflow: visible; }
  h1 { font-size: 17pt; } h2 { font-size: 12.5pt; } h2, h3 { break-after: avoid; }
  table:has(th:nth-child(6)) { font-size: 8pt; }
  tr, blockquote, li { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""


_ESCAPED = re.compile(r"\\([^\w\s])")


def page(text: str, *, title: str, records: Sequence[str] = ()) -> str:
    """Return the page; the same text gives the same bytes.

    `[record 41]` becomes a link to the row of a table that begins with it, for each of `records`. What is
    bold and begins with `[gap:` is marked.
    """
    body = _reader(records).render(text)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def anchor(record: str) -> str:
    """The name of a record's row in the page.

    >>> anchor("ledger 3, 5"), anchor("INC-7")
    ('ledger-3-5', 'inc-7')
    """
    return re.sub(r"[^a-z0-9]+", "-", record.lower()).strip("-")


def _reader(records: Sequence[str]) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.validateLink = _leads_out  # type: ignore[assignment,method-assign]  # its own way to say which
    reader.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    reader.core.ruler.push("gaps", _mark_gaps)
    reader.core.ruler.push("records", lambda state: _link_records(state, records))
    return reader


def _leads_out(link: str) -> bool:
    return link.startswith(("https://", "http://", "#"))


def _mark_gaps(state: "StateCore") -> None:
    for block in state.tokens:
        inside = block.children or []
        for at, token in enumerate(inside[:-1]):
            if token.type == "strong_open" and inside[at + 1].content.startswith("[gap:"):
                token.attrSet("class", "gap")


def _link_records(state: "StateCore", records: Sequence[str]) -> None:
    """Rows that begin with a record get its name; the record in brackets elsewhere leads to its row."""
    rows = set()
    for at, token in enumerate(state.tokens[:-2]):
        first = state.tokens[at + 2].content if state.tokens[at + 1].type == "td_open" else ""
        first = _ESCAPED.sub(r"\1", first)
        if token.type == "tr_open" and first in records:
            token.attrSet("id", anchor(first))
            rows.add(first)
    if not rows:
        return
    names = "|".join(re.escape(one) for one in sorted(rows, key=len, reverse=True))
    cited = re.compile(rf"\[({names})\]")
    for block in state.tokens:
        if block.children:
            block.children = [part for token in block.children for part in _parts(token, cited)]


def _parts(token: "Token", cited: re.Pattern[str]) -> list["Token"]:
    """A text token with every record in it as a link."""
    from markdown_it.token import Token

    if token.type != "text" or not cited.search(token.content):
        return [token]
    found: list[Token] = []
    for place, said in enumerate(cited.split(token.content)):
        words = Token("text", "", 0, content=f"[{said}]" if place % 2 else said)
        if place % 2:
            link = Token("link_open", "a", 1, attrs={"class": "record", "href": f"#{anchor(said)}"})
            found += [link, words, Token("link_close", "a", -1)]
        elif said:
            found.append(words)
    return found
