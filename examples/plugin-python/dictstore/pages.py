"""Pages and their tokens. A token holds a position, and works for the query that it was made for and for no other."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence

from dictstore.failure import invalid

CHECKSUM = 12  # bytes


def page(options, bound, items: Sequence, query: bytes, position: Callable):
    """The items of one page out of all that match, sorted by position, and the token of the page that follows."""
    if not 0 <= options.limit <= bound.max:
        raise invalid("max_results", f"must be from 0 to {bound.max}, not {options.limit}")
    limit = options.limit or bound.default
    if options.token:
        after = unseal(query, options.token)
        items = [item for item in items if position(item) > after]
    if len(items) <= limit:
        return items, ""
    return items[:limit], seal(query, position(items[limit - 1]))


def seal(query: bytes, position) -> str:
    body = json.dumps(position).encode()
    return base64.urlsafe_b64encode(checksum(query, body) + body).decode()


def unseal(query: bytes, token: str):
    try:
        packed = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        packed = b""
    body = packed[CHECKSUM:]
    if not body or packed[:CHECKSUM] != checksum(query, body) or base64.urlsafe_b64encode(packed).decode() != token:
        raise invalid("page_token", "this store did not make it, or made it for another query")
    return as_tuples(json.loads(body))


def checksum(query: bytes, body: bytes) -> bytes:
    return hashlib.sha256(query + b"\0" + body).digest()[:CHECKSUM]


def as_tuples(value):
    """Positions are tuples, which compare; JSON made lists of them."""
    return tuple(as_tuples(v) for v in value) if isinstance(value, list) else value
