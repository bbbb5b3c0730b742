"""The URL of a source as lookout.toml writes it: `${NAME}` stands for a variable, never a secret itself."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from bot.errors import InputError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|pwd|token|secret|credential|(api|access|private)[._-]?key", re.I
)
HIDDEN = "***"


def filled(url: str, environment: Mapping[str, str]) -> str:
    """The URL with the variables' values in it.

    Within `user:password@` and after `?` a value is percent-encoded; elsewhere, and when it is the whole URL,
    it is taken as it is. Raises InputError, without any value, when the URL itself holds a secret or a
    variable is not set.

    >>> filled("postgresql://reader:${PW}@db/shop", {"PW": "a/b@c"})
    'postgresql://reader:a%2Fb%40c@db/shop'
    """
    where = _literal_secret(url)
    if where:
        raise InputError(
            f"holds a secret in its {where}.",
            "Write ${NAME} in its place and set NAME in the environment.",
        )
    absent = [name for name in _VARIABLE.findall(url) if not environment.get(name)]
    if absent:
        raise InputError(
            f"names the variable {absent[0]}, which is not set.",
            "Set it in the environment, or mend the name.",
        )
    if _VARIABLE.fullmatch(url):
        return environment[url[2:-1]]
    scheme, mark, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    place, question, options = place.partition("?")
    parts = ((user, True), (place, False), (options, True))
    user, place, options = (_put(part, environment, encoded=encoded) for part, encoded in parts)
    return f"{scheme}{mark}{user}{at}{place}{question}{options}"


def _put(part: str, environment: Mapping[str, str], *, encoded: bool) -> str:
    def value(found: re.Match[str]) -> str:
        return quote(environment[found[1]], safe="") if encoded else environment[found[1]]

    return _VARIABLE.sub(value, part)


def secrets_of(url: str) -> tuple[str, ...]:
    """What of a filled URL must never be shown, longest first: the whole, the password, secret options.

    >>> secrets_of("postgresql://reader:a%2Fb@db/shop")
    ('postgresql://reader:a%2Fb@db/shop', 'a%2Fb', 'a/b')
    >>> secrets_of("duckdb:///w.duckdb")
    ()
    """
    if "://" not in url:  # no URL at all: nothing of it is shown
        return (url,)
    found = set()
    try:
        password, query = urlsplit(url).password, urlsplit(url).query
    except ValueError:
        return (url,)
    if password:
        found |= {url, password, unquote(password)}
    for name, value in parse_qsl(query):
        if _SECRET.search(name):
            found |= {url, value, quote(value, safe="")}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def hidden(text: str, url: str) -> str:
    """The text without the secrets of a filled URL."""
    for secret in secrets_of(url):
        text = text.replace(secret, HIDDEN)
    return text


def _literal_secret(url: str) -> str | None:
    """Which part of an unfilled URL holds a secret in clear; None when none does."""
    # Cut by hand: the brackets of a `${NAME}` need not be a valid URL.
    rest = url.partition("://")[2]
    user = rest.rpartition("@")[0] if "@" in rest else ""
    password = user.partition(":")[2]
    if password and not _VARIABLE.fullmatch(password):
        return "password"
    for option in rest.partition("?")[2].split("&"):
        name, _, value = option.partition("=")
        if value and _SECRET.search(name) and not _VARIABLE.fullmatch(value):
            return f"option {name}"
    return None
