"""The supported syntax of cron expressions: crontab(5), `L` (last), `weekday#n` (nth of a month).

The two extensions name dates that five plain fields can't. A step after a number counts to the end
of the field: `5/2` is `5-59/2` in the minutes. croniter accepts more, such as `?` instead of `*`,
and misreads some of it. All of that is refused here.
"""

import re

MAX_LENGTH = 200
"""The largest number of characters of an expression."""
FIELD_NAMES = ("minute", "hour", "day of month", "month", "day of week")

_DAY, _MONTH, _WEEKDAY = 2, 3, 4
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NUMBER_OF: dict[int, dict[str, str]] = {
    _MONTH: {name: str(number) for number, name in enumerate(_MONTHS, start=1)},
    _WEEKDAY: {name: str(number) for number, name in enumerate(_WEEKDAYS)},
}
_PLAIN = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(/\d{1,3})?", re.ASCII)
_RANKED = re.compile(r"\d#[1-5]|l\d", re.ASCII)
_RANDOM = re.compile(r"(?<![a-z])[hr](?![a-z])")
_ANY_DAY = frozenset({"*", "*/1"})
_SIZES = (60, 24, 31, 12, 7)
"""The number of values of each field."""


class UnreadableExpression(ValueError):
    """The cron expression isn't supported; the message is the reason."""


def fields(expression: str) -> list[str]:
    """Return the five fields in lower case, names replaced by numbers.

    Raises `UnreadableExpression`.
    """
    expression = expression.strip(" \t\r\n")
    if len(expression) > MAX_LENGTH:
        raise UnreadableExpression(f"the expression is longer than {MAX_LENGTH} characters")
    if expression.lstrip().startswith("@"):
        raise UnreadableExpression("names like @daily are not supported; write the five fields")
    # Only blanks separate fields and only ASCII digits are read; str.split and \d accept many more.
    texts = [text for text in re.split(r"[ \t]+", expression.lower()) if text]
    if len(texts) != len(FIELD_NAMES):
        raise UnreadableExpression(
            f"five fields are needed (minute, hour, day, month, weekday), not {len(texts)}"
        )
    return [_checked(place, text) for place, text in enumerate(texts)]


def is_any_day(text: str) -> bool:
    """Return whether a day field allows any day, so that only the other day field counts.

    croniter decides by the number of values and by the other field: it reads `0 0 */1 * 1` as every
    day, while cron means Mondays.
    """
    return begins_with_star(text) and any(item in _ANY_DAY for item in text.split(","))


def begins_with_star(text: str) -> bool:
    """Return whether a day field begins with `*` (`*/2` too), so that both day fields count."""
    return text.startswith("*")


def _checked(place: int, text: str) -> str:
    # croniter reads R as a new random number each time, H as a hash that the caller must pass.
    if _RANDOM.search(text):
        raise _unreadable(place, text, "is random (R, H)")
    numbers = _NUMBER_OF.get(place, {})
    text = re.sub(r"[a-z]+", lambda word: numbers.get(word[0], word[0]), text)
    items = [_single_value(place, item) for item in text.split(",")]
    text = ",".join(items)
    ranked = [place == _WEEKDAY and _RANKED.fullmatch(item) is not None for item in items]
    # croniter reads `1,1#2` as the second Monday only, and `1-5,1#2` is an error.
    if any(ranked) and not all(ranked):
        raise _unreadable(place, text, "mixes weekdays with nth weekdays")
    if not any(ranked):
        for item in items:
            _check_item(place, item)
    return text


def _single_value(place: int, item: str) -> str:
    """Return the value of a range of one, such as 9-9, which croniter reads as the whole field.

    A weekday has two numbers for Sunday: 7-0 is a range of one, too.
    """
    plain = _PLAIN.fullmatch(item)
    if plain is None or plain[2] is None or not _is_step(place, plain[3]):
        return item
    first, last = int(plain[1]), int(plain[2])
    return str(last) if first == last or (place == _WEEKDAY and (first, last) == (7, 0)) else item


def _is_step(place: int, step: str | None) -> bool:
    return step is None or 0 < int(step[1:]) <= _SIZES[place]


def _check_item(place: int, item: str) -> None:
    if place == _DAY and item == "l":
        return
    if item == "?":
        raise _unreadable(place, item, "isn't supported; write *")
    plain = _PLAIN.fullmatch(item)
    if plain is None:
        raise _unreadable(place, item, "is not a value, a range or a step")
    if not _is_step(place, plain[3]):
        raise _unreadable(place, item, f"has a step that isn't 1 to {_SIZES[place]}")
    if plain[2] is None:
        return
    low, high = int(plain[1]), int(plain[2])
    # croniter reads the hours `21-2/2` as 21, 23 and 2: the step restarts at midnight.
    if low > high and plain[3]:
        raise _unreadable(place, item, "is a range that runs backwards with a step")


def _unreadable(place: int, text: str, problem: str) -> UnreadableExpression:
    return UnreadableExpression(f"the {FIELD_NAMES[place]} field ({text!r}) {problem}")
