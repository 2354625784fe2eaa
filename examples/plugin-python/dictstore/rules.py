"""The rules for names, keys, ids and paths. Every store checks them before it touches anything."""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping

from dictstore.failure import invalid

Rule = Callable[[str], str]  # what is wrong with a text; empty is nothing


def refuse(field: str, wrong: str) -> None:
    if wrong:
        raise invalid(field, wrong)


def length(field: str, text: str, most: int) -> None:
    refuse(field, f"must not be longer than {most} characters" if len(text) > most else "")


def key(field: str, text: str, most: int) -> None:
    """Keys are relative paths in normal form, of letters, digits and a few signs."""
    if not text or not all(c.isalnum() or c in "_/.-: " for c in text):
        raise invalid(field, f"{text[:100]!r} may only have letters, digits, _, -, ., spaces, : and /, and must not be empty")
    if text.startswith(("/", "..")) or text == "." or posixpath.normpath(text) != text:
        raise invalid(field, f"{text[:100]!r} must be a path in normal form")
    length(field, text, most)


def identifier(field: str, text: str, most: int) -> None:
    good = text[:1].isascii() and text[:1].isalnum() and all(c.isalnum() or c in "_-" for c in text)
    refuse(field, "" if good and len(text) <= most else f"{text[:100]!r} cannot be an id")


def experiment_name(text: str, most: int) -> None:
    refuse("name", "must not be blank or have NUL in it" if not text.strip() or "\0" in text else "")
    length("name", text, most)


def tags(values: Mapping[str, str], most_key: int, most_value: int) -> None:
    for name in sorted(values):
        key("key", name, most_key)
        length("value", values[name], most_value)


def tag_change(change, most_key: int, most_value: int) -> None:
    tags(change.set, most_key, most_value)
    for name in change.delete:
        key("key", name, most_key)
        refuse("key", f"{name!r} is both set and deleted" if name in change.set else "")


def every_round(text: str, rule: Rule) -> str:
    """Applies a rule to a text and to what percent-decoding makes of it again and again: nothing hides behind a %."""
    for _ in range(11):
        if wrong := rule(text):
            return wrong
        decoded = re.sub(rb"%([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), text.encode())
        if decoded == text.encode():
            return ""
        try:
            text = decoded.decode()
        except UnicodeDecodeError:
            return "must be UTF-8 when percent-decoded"
    return "must not be percent-encoded more than ten times over"


def control(text: str) -> str:
    return "must not have control characters" if any(unicodedata.category(c) == "Cc" for c in text) else ""


def artifact_path(path: str) -> None:
    """A path is relative and in normal form, and leads nowhere else in any spelling."""
    def unsafe(text: str) -> str:
        bad = text.startswith("/") or "\\" in text or "#" in text or re.match(r"[a-zA-Z]:|[a-zA-Z][a-zA-Z0-9+.-]+:/", text)
        if bad or ".." in text.split("/"):
            return "must be a relative path without .., backslash and #"
        return control(text)

    segments = path.split("/")
    refuse("path", every_round(path, unsafe))
    if not path or len(path.encode()) > 1024 or len(segments) > 100:
        raise invalid("path", "must have 1 to 1024 bytes and at most 100 segments")
    if any(s in ("", ".") or len(s.encode()) > 255 for s in segments):
        raise invalid("path", "must not have an empty segment, one of a dot, or one above 255 bytes")


def artifact_dir(path: str) -> str:
    """The directory without a slash at its end; the root is empty."""
    path = path[:-1] if len(path) > 1 and path.endswith("/") else path
    if path:
        artifact_path(path)
    return path


def location(text: str) -> None:
    """Where artifacts may be kept: a URI or a path that somebody opens later, so no .., no password, no fragment."""
    def climbs(part: str) -> str:
        return control(part) or ("must not climb with .." if ".." in re.split(r"[/\\?#&=;:@]", part) else "")

    def password(userinfo: str) -> str:
        return "must not carry a password" if ":" in userinfo else ""

    field = "artifact_location"
    length(field, text, 2048)
    ends = text[:1] + text[-1:]
    invisible = any(c.isspace() or unicodedata.category(c) == "Cf" for c in ends)
    refuse(field, "must not be empty or have white space around it" if not text or invisible else "")
    refuse(field, every_round(text, climbs))
    before, fragment, _ = text.partition("#")
    head, _, query = before.partition("?")
    refuse(field, every_round(query, lambda q: "must not have .. in its query" if ".." in q else ""))
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]+):", head)
    if match := re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://([^/]*)@", head):
        refuse(field, every_round(match[1], password))
    refuse(field, "must not be a runs:/ URI" if scheme and scheme[1].lower() == "runs" else "")
    refuse(field, "must not have a fragment or path parameters" if fragment or ";" in head else "")
