"""From what people type to what Slack stores: escaping, mentions, channels, links."""

import re
from typing import Final

from bot.workspace.state import Workspace

_BROADCASTS: Final = {"@channel": "<!channel>", "@here": "<!here>", "@everyone": "<!everyone>"}
_WORD: Final = re.compile(
    r"(?P<code>```.*?```|`[^`\n]+`)"
    r"|(?P<given><[@#][A-Z0-9]+(?:\|[^<>]*)?>)"
    r"|(?P<url>https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"])"
    r"|(?<![\w@])(?P<at>@[\w.-]*\w)"
    r"|(?<![\w#])(?P<hash>\#[\w-]+)",
    re.DOTALL,
)


def escaped(text: str) -> str:
    """The three characters that Slack escapes in every text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stored(workspace: Workspace, text: str) -> str:
    """A message as Slack keeps it: @yuki becomes <@U0ENG>, #launches <#C0LAUNCH|launches>, the rest escaped.

    `<@U…>` and `<#C…>` of someone or something that exists are taken as they are; code is only escaped.
    """
    pieces, at = [], 0
    for match in _WORD.finditer(text):
        pieces.append(escaped(text[at : match.start()]))
        pieces.append(_word(workspace, match))
        at = match.end()
    return "".join(pieces) + escaped(text[at:])


def resolved(workspace: Workspace, text: str) -> str:
    """A command's text where the app asked to have it escaped: people as <@U0ENG|yuki>."""
    text = stored(workspace, text)
    for user in workspace.users.values():
        text = text.replace(f"<@{user.id}>", f"<@{user.id}|{user.name}>")
    return text


def _word(workspace: Workspace, match: re.Match[str]) -> str:
    word = match.group()
    if match.lastgroup == "given":
        known = word[2:-1].split("|")[0]
        return word if known in workspace.users or known in workspace.channels else escaped(word)
    if match.lastgroup == "url":
        return f"<{escaped(word)}>"
    if match.lastgroup == "at":
        person = workspace.person(word)
        return f"<@{person.id}>" if person else _BROADCASTS.get(word, _group(workspace, word))
    if match.lastgroup == "hash":
        channel = workspace.named(word)
        return f"<#{channel.id}|{channel.name}>" if channel else escaped(word)
    return escaped(word)


def _group(workspace: Workspace, word: str) -> str:
    for group in workspace.groups.values():
        if "@" + group.handle == word:
            return f"<!subteam^{group.id}>"
    return escaped(word)
