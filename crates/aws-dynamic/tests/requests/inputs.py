"""Inputs of operations, made from botocore's models: the least that an operation takes, and the fullest.

The same models give the same inputs. Bytes and times are Python's own; `as_json` writes them as the AWS CLI does.
"""

import base64
import datetime
import json
import re
import zlib
from re import _constants as op
from re import _parser as parser

TIME = datetime.datetime(2026, 1, 31, 12, 0, 1, tzinfo=datetime.timezone.utc)

# What may stand in a text that has no pattern: escaped differently by every format, and not ASCII.
HARD = 'a b/c&d<e>"f\'+g=h%i~j*k:l;m,n?o#pé€😀'
# The same, for headers.
HARD_ASCII = 'a b/c&d<e>"f\'+g=h%i~j*k:l'
# Parts of hosts and of endpoints' rules.
PLAIN = "abc123"
ARNS = {
    "cloudfront-keyvaluestore": "arn:aws:cloudfront::123456789012:key-value-store/abc123",
    "dynamodb": "arn:aws:dynamodb:us-east-1:123456789012:table/name",
    "dynamodbstreams": "arn:aws:dynamodb:us-east-1:123456789012:table/name/stream/2026-01-31T12:00:00.000",
}

# Unions in AWS's Smithy models, and structures in botocore's.
UNIONS = {
    ("dynamodb", "AttributeValue"),
    ("dynamodbstreams", "AttributeValue"),
    ("s3", "AnalyticsFilter"),
    ("s3", "MetricsFilter"),
}

DEEPEST = 9
# How many values a full input has at most beside those that are required.
MOST = 1500

NONE = object()


def as_json(value):
    """The text of an input, in the AWS CLI's form."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value):
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(type(value))


class Maker:
    """Makes one input."""

    def __init__(self, service, operation, is_full):
        self.service = service
        self.name = f"{service}:{operation.name}"
        # Others than CRC32 are not told apart by their requests, but for the checksum.
        self.algorithm = operation.http_checksum.get("requestAlgorithmMember")
        self.is_full = is_full
        self.left = MOST

    def input(self, shape):
        """The input of a shape, `{}` where the operation takes none."""
        if shape is None:
            return {}
        value = self.structure(shape, "", [])
        return {} if value is NONE else value

    def draw(self, place, count):
        """A number below `count` that a place has always."""
        return zlib.crc32(f"{self.name}.{place}".encode()) % count

    def value(self, shape, place, above):
        self.left -= 1
        kind = shape.type_name
        if kind == "structure" and shape.is_document_type:
            return {"text": HARD, "list": [1, True, None, 1.5], "of": {"empty": {}}}
        if kind in ("structure", "list", "map"):
            # Recursion is cut, and so is what would be too deep.
            if shape.name in above or len(above) > 3 * DEEPEST:
                return NONE
            return getattr(self, kind)(shape, place, above + [shape.name])
        if shape.serialization.get("jsonvalue"):
            value = {"json": [1, "a\"b", {"c": True}]}
            return value if shape.serialization.get("location") == "header" else json.dumps(value)
        return getattr(self, kind)(shape, place)

    def structure(self, shape, place, above):
        if shape.is_tagged_union or (self.service, shape.name) in UNIONS:
            return self.union(shape, place, above)
        made = {}
        for name, member in shape.members.items():
            is_token = name in shape.metadata.get("idempotencyToken", ()) or member.metadata.get("idempotencyToken")
            is_required = name in shape.required_members
            is_wanted = self.is_full and self.left > 0 and len(above) <= DEEPEST
            # Whoever leaves a token out gets another one each time.
            if not (is_required or is_wanted or is_token):
                continue
            if member.serialization.get("eventstream") or member.metadata.get("eventstream"):
                continue
            is_algorithm = name == self.algorithm and not place
            value = "CRC32" if is_algorithm else self.value(member, f"{place}.{name}", above)
            if value is not NONE:
                made[name] = value
            elif is_required:
                return NONE
        return made

    def union(self, shape, place, above):
        members = list(shape.members.items())
        first = self.draw(place, len(members)) if members else 0
        for name, member in members[first:] + members[:first]:
            value = self.value(member, f"{place}.{name}", above)
            if value is not NONE:
                return {name: value}
        return NONE

    def list(self, shape, place, above):
        is_scalar = shape.member.type_name not in ("structure", "list", "map")
        made = []
        for index in range(self.length(shape, 2 if is_scalar else 1)):
            value = self.value(shape.member, f"{place}[{index}]", above)
            if value is not NONE:
                made.append(value)
        return NONE if len(made) < shape.metadata.get("min", 0) else made

    def map(self, shape, place, above):
        is_scalar = shape.value.type_name not in ("structure", "list", "map")
        made = {}
        for index in range(self.length(shape, 2 if is_scalar else 1)):
            if shape.serialization.get("location") == "headers":
                value = HARD_ASCII
            else:
                value = self.value(shape.value, f"{place}[{index}]", above)
            if value is not NONE:
                made[self.key(shape, place, index)] = value
        return NONE if len(made) < shape.metadata.get("min", 0) else made

    def key(self, shape, place, index):
        enum = shape.key.metadata.get("enum")
        if enum:
            return enum[index % len(enum)]
        if shape.serialization.get("location") == "headers":
            return f"Key-{index}"
        return self.string(shape.key, f"{place}[{index}]", str(index))

    def length(self, shape, usual):
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", usual)
        return max(low, min(high, usual if self.is_full else 0))

    def string(self, shape, place, salt=""):
        enum = shape.metadata.get("enum")
        if enum:
            return enum[self.draw(place, len(enum))]
        low, high = shape.metadata.get("min", 1), shape.metadata.get("max", 1 << 30)
        low = max(low, min(high, 1))
        pattern = shape.metadata.get("pattern")
        found = matching(pattern, low, high) if pattern else None
        if found is not None:
            return found
        is_in_host = "contextParam" in shape.metadata or shape.serialization.get("hostLabel")
        is_in_header = shape.serialization.get("location") == "header"
        if is_in_host:
            text = ARNS.get(self.service, PLAIN) if place.lower().endswith("arn") else PLAIN
        elif pattern or not self.is_full:
            text = "a" + salt
        elif is_in_header:
            text = HARD_ASCII + salt
        else:
            # Blanks at either end are a part of a text; at headers' they are none.
            text = f" {HARD}{salt} "
        text = text if len(text) <= high else text[len(text) - high:]
        text += "z" * (low - len(text))
        text = text.strip() if is_in_header else text
        return text if text.strip() else "z"[:high]

    character = string

    def boolean(self, shape, place):
        return self.draw(place, 2) == 0

    def integer(self, shape, place, widest=2147483647):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        low = 1 if low is None and (high is None or high >= 1) else low if low is not None else high
        high = min(widest, low + 1000 if high is None else high)
        return int(low) + self.draw(place, max(1, int(high) - int(low) + 1))

    def long(self, shape, place):
        bounded = "max" in shape.metadata or "min" in shape.metadata
        return self.integer(shape, place, 1 << 53) + (0 if bounded else 1 << 40)

    def float(self, shape, place):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is None and high is None:
            return 1.5
        if low is None or high is None:
            return high - 0.5 if low is None else low + 0.5
        middle = (low + high) / 2
        # Exact in 32 bits too, where that is in the range.
        exact = round(middle * 64) / 64
        return exact if low <= exact <= high else middle

    double = float

    def timestamp(self, shape, place):
        return TIME

    def blob(self, shape, place):
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 30)
        value = b"\x00\xffblob of bytes\xfe"[:high]
        return value + b"z" * (low - len(value))


# Made by `matching` before anything is made of a pattern itself.
CANDIDATES = [
    "123456789012",
    "us-east-1",
    "arn:aws:iam::123456789012:role/name",
    # What endpoints' rules read.
    "arn:aws:s3:us-east-1:123456789012:accesspoint/name",
    "arn:aws:kinesis:us-east-1:123456789012:stream/name",
    "arn:aws:kinesis:us-east-1:123456789012:stream/name/consumer/name:1",
    "arn:aws:kinesis:us-east-1:123456789012:queue/name",
    "arn:aws:kinesis:us-east-1:123456789012:channel/name",
    "2026-01-31",
    "00000000-0000-4000-8000-000000000000",
]
_made = {}


def matching(pattern, low, high):
    """A text that a pattern and two lengths allow, if one is found."""
    key = (pattern, low, high)
    if key not in _made:
        _made[key] = _matching(pattern, low, high)
    return _made[key]


def _matching(pattern, low, high):
    try:
        tree, check = parser.parse(pattern), re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    made = (_text(tree, more) for more in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
    for text in [*CANDIDATES, *made]:
        if text is not None and low <= len(text) <= high and check.search(text):
            return text
    return None


def _text(tree, more):
    """A text of a pattern whose repeats run `more` times more than they must."""
    parts = [_part(kind, what, more) for kind, what in tree]
    return None if None in parts else "".join(parts)


def _part(kind, what, more):
    if kind is op.LITERAL:
        return chr(what)
    if kind is op.NOT_LITERAL:
        return "a" if what != ord("a") else "b"
    if kind is op.ANY:
        return "a"
    if kind is op.IN:
        return next((c for c in "a1A-_./:@ =+*!" + chr(_first(what)) if _is_in(what, ord(c))), None)
    if kind is op.BRANCH:
        return next((text for text in (_text(branch, more) for branch in what[1]) if text is not None), None)
    if kind is op.SUBPATTERN:
        return _text(what[3], more)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = what
        text = _text(inner, 0)
        return None if text is None else text * min(int(high), low + more)
    if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return ""
    return None


def _first(of):
    kind, what = of[0]
    return what if kind is op.LITERAL else what[0] if kind is op.RANGE else ord("a")


def _is_in(of, letter):
    is_negated, found = False, False
    for kind, what in of:
        if kind is op.NEGATE:
            is_negated = True
        elif kind is op.LITERAL:
            found |= what == letter
        elif kind is op.RANGE:
            found |= what[0] <= letter <= what[1]
        elif kind is op.CATEGORY:
            found |= _is_of(what, chr(letter))
    return found != is_negated


def _is_of(category, letter):
    name = str(category)
    is_of = {
        "DIGIT": letter.isdigit(),
        "SPACE": letter.isspace(),
        "WORD": letter.isalnum() or letter == "_",
    }[name.rsplit("_", 1)[-1]]
    return is_of != ("_NOT_" in name)
