"""Obvious versions of the passes over lines of pages, one feature a line of code, in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from detector.rules.page_phrases import CLASSES
from detector.text.folding import EXTENDER, LETTER, SINGLE, character_table

CHARS, WORDS, HAN, ENDS, COMMAS, DIGITS, UPPER, RULES, QUOTES, FLAGS, SEEN, LETTERS, LONG, TITLED, JOINED = range(15)
CLASS = 15
AT_END, AT_MORE, IS_DATE, IS_TIME, IS_LINK, AT_COLON = 1, 2, 4, 8, 16, 32
FROM_UPPER, FROM_LOWER, FROM_DIGIT, TO_LETTER, TO_DIGIT = 64, 128, 256, 512, 1024

Column = list[float]


def around(values: Sequence[float], reach: int) -> Column:
    """Means over the rows up to ``reach`` away; rows that are not there are 0."""
    n = len(values)
    return [sum(values[max(0, row - reach) : row + reach + 1]) / (2 * reach + 1) for row in range(n)]


def faded(values: Sequence[float], rate: float) -> tuple[Column, Column]:
    """Sums of what stands before and after each row, each step weakened."""
    n = len(values)
    before = [sum(values[other] * rate ** (row - other - 1) for other in range(row)) for row in range(n)]
    after = [sum(values[other] * rate ** (other - row - 1) for other in range(row + 1, n)) for row in range(n)]
    return before, after


def beside(values: Sequence[float], step: int) -> Column:
    """The value some rows on, 0 where there is none."""
    n = len(values)
    return [values[row + step] if 0 <= row + step < n else 0.0 for row in range(n)]


def best_run(values: Sequence[float]) -> tuple[int, int]:
    """The first run of the largest sum that begins behind a run of negative sum; one row where none is positive."""
    best, first, last, begin, total = -1.0, 0, 0, 0, 0.0
    for row, value in enumerate(values):
        total += value
        if total > best:
            best, first, last = total, begin, row
        if total < 0:
            total, begin = 0.0, row + 1
    return first, last


def lengths_of_runs(prose: Sequence[float]) -> Column:
    """For each row how many rows without prose end with it, as a logarithm."""
    found, run = [], 0
    for value in prose:
        run = run + 1 if value == 0 else 0
        found.append(math.log1p(run))
    return found


def described(counts: Sequence[Sequence[int]], repeats: Sequence[int]) -> tuple[dict[str, Column], int, int]:
    """The features of `detector.kernels.pages.describe_lines` by name, and the run of prose."""
    n = len(counts)
    at_class = {name: CLASS + number for number, name in enumerate(CLASSES)}
    cover_at = CLASS + len(CLASSES)

    def column(value: Callable[[Sequence[int]], float]) -> Column:
        return [float(value(row)) for row in counts]

    def flag(bit: int) -> Column:
        return column(lambda row: row[FLAGS] & bit != 0)

    def of_seen(at: int) -> Column:
        return column(lambda row: row[at] / max(row[SEEN], 1))

    units = column(lambda row: row[WORDS] + 0.6 * row[HAN])
    stop = of_seen(at_class["stop"])
    good = [
        size * (1.0 if row[ENDS] else 0.0) * min(1.0, share / 0.12)
        for size, row, share in zip(units, counts, stop, strict=True)
    ]
    prose = [math.log1p(value) for value in good]
    length = column(lambda row: math.log1p(max(row[CHARS], 1)))
    cover, short = of_seen(cover_at), [float(size < 7) for size in units]

    def of_class(name: str, below: int, part: int) -> Column:
        shares = (row[at_class[name]] * part >= max(row[SEEN], 1) for row in counts)
        return [float(size < below and full) for size, full in zip(units, shares, strict=True)]

    headed, discussed, fielded = (
        of_class("heading", 14, 2),
        of_class("comment", 20, 3),
        of_class("field", 25, 3),
    )
    dated = [
        float(size < 25 and (row[FLAGS] & (IS_DATE | IS_TIME) != 0 or row[at_class["date"]] * 4 >= max(row[SEEN], 1)))
        for size, row in zip(units, counts, strict=True)
    ]
    said, person, ended = of_seen(at_class["said"]), of_seen(at_class["person"]), flag(AT_END)
    found: dict[str, Column] = {
        "length": length,
        "units": [math.log1p(size) for size in units],
        "ends": column(lambda row: min(row[ENDS], 4)),
        "at_end": ended,
        "at_more": flag(AT_MORE),
        "at_colon": flag(AT_COLON),
        "comma_density": [min(row[COMMAS] / max(size, 1.0) * 10, 5.0) for row, size in zip(counts, units, strict=True)],
        "commas": column(lambda row: min(row[COMMAS], 6)),
        "digits": column(lambda row: row[DIGITS] / max(row[CHARS], 1)),
        "capitals": column(lambda row: row[UPPER] / max(row[WORDS], 1)),
        "rules": column(lambda row: min(row[RULES] / max(row[CHARS], 1) * 5, 1.0)),
        "quotes": column(lambda row: min(row[QUOTES], 4)),
        "repeats": [min(math.log(times), 3.0) for times in repeats],
        "date_sign": flag(IS_DATE),
        "time_sign": flag(IS_TIME),
        "link_sign": flag(IS_LINK),
        "prose": prose,
        **{name: of_seen(at) for name, at in at_class.items()},
        "cover": cover,
        "headed": headed,
        "discussed": discussed,
        "headed-1": beside(headed, -1),
        "ended-1": beside(ended, -1),
        "ended+1": beside(ended, 1),
        **{f"around_prose_{reach}": around(prose, reach) for reach in (1, 2, 4, 8)},
        "around_length_2": around(length, 2),
        "around_short_4": around(short, 4),
        "around_cover_2": around(cover, 2),
        "around_cover_5": around(cover, 5),
        "around_said_4": around(said, 4),
        "around_person_4": around(person, 4),
        "around_dated_2": around(dated, 2),
        "around_dated_6": around(dated, 6),
        "around_fielded_3": around(fielded, 3),
        "around_discussed_4": around(discussed, 4),
    }
    for name, values in (("prose", prose), ("length", length), ("cover", cover)):
        found |= {f"{name}{step:+d}": beside(values, step) for step in (-2, -1, 1, 2)}
    for name, values in (("fielded", fielded), ("dated", dated)):
        found |= {f"{name}{step:+d}": beside(values, step) for step in (-1, 1)}
    before, after = found["prose_before"], found["prose_after"] = faded(prose, 0.8)
    near = [one + other + own for one, other, own in zip(before, after, prose, strict=True)]
    found["prose_between"] = [min(pair) for pair in zip(before, after, strict=True)]
    found["prose_near"] = [value / max(1e-9, *near) for value in near]
    found["prose_long_before"], found["prose_long_after"] = faded(prose, 0.93)
    for name, values, rate in (
        ("headed", headed, 0.9),
        ("discussed", discussed, 0.93),
        ("dated", dated, 0.9),
        ("short", short, 0.85),
    ):
        found[f"{name}_before"], found[f"{name}_after"] = faded(values, rate)
    first, last = best_run([mass if size > 0 else -0.7 for mass, size in zip(prose, good, strict=True)])
    found["in_body"] = [float(first <= row <= last) for row in range(n)]
    found["before_body"] = [math.log1p(max(first - row, 0)) for row in range(n)]
    found["after_body"] = [math.log1p(max(row - last, 0)) for row in range(n)]
    so_far = [sum(prose[: row + 1]) for row in range(n)]
    found["prose_so_far"] = [value / max(sum(prose), 1e-9) for value in so_far]
    late = [row for row in range(n) if so_far[row] > 0.3 * sum(prose)]
    for name, values in (("headings", headed), ("discussed", discussed)):
        found[f"{name}_so_far"] = [math.log1p(sum(values[at] > 0 for at in late if at <= row)) for row in range(n)]
    found["run_before"], found["run_after"] = lengths_of_runs(prose), lengths_of_runs(prose[::-1])[::-1]
    found["place"] = [row / max(n - 1, 1) for row in range(n)]
    found["page_prose"] = [math.log1p(sum(prose))] * n
    n_han, n_words = sum(row[HAN] for row in counts), sum(row[WORDS] for row in counts)
    found["han"] = [n_han / max(n_han + n_words, 1)] * n
    found["edge"] = [min(math.log1p(row), math.log1p(n - 1 - row)) for row in range(n)]
    found |= shapes(counts, found, prose, short, (first, last))
    return found, first, last


def shapes(
    counts: Sequence[Sequence[int]],
    found: Mapping[str, Column],
    prose: Sequence[float],
    short: Sequence[float],
    run: tuple[int, int],
) -> dict[str, Column]:
    """How lines begin and end, are written, recur, and what the page is like."""
    n = len(counts)

    def flag(bit: int) -> Column:
        return [float(row[FLAGS] & bit != 0) for row in counts]

    titled = [row[TITLED] / row[LONG] if row[LONG] else -1.0 for row in counts]
    capital, open_end = flag(FROM_UPPER), flag(TO_LETTER)
    more: dict[str, Column] = {
        "titled": titled,
        "word_length": [row[LETTERS] / max(row[WORDS], 1) for row in counts],
        "joined": [float(min(row[JOINED], 6)) for row in counts],
        "from_capital": capital,
        "from_small": flag(FROM_LOWER),
        "from_digit": flag(FROM_DIGIT),
        "to_letter": open_end,
        "to_digit": flag(TO_DIGIT),
        "page_lines": [math.log1p(n)] * n,
        "page_short": [sum(short) / n] * n,
        "page_sentences": [sum(value > 2 for value in prose) / n] * n,
        "body_share": [sum(prose[run[0] : run[1] + 1]) / max(sum(prose), 1e-9)] * n,
        "from_start": [math.log1p(row) for row in range(n)],
        "from_end": [math.log1p(n - 1 - row) for row in range(n)],
    }
    for name, values in (("titled", titled), ("to_letter", open_end), ("from_capital", capital)):
        more |= {f"{name}_{reach}": around(values, reach) for reach in (2, 6)}
    compared = (
        (found["length"], 1),
        (open_end, 1),
        (found["at_end"], 2),
        (found["date_sign"], 2),
        (titled, 1),
    )
    for step in (1, 2, 3):
        apart = [
            min(3.0, sum(weight * abs(values[row] - values[row - step]) for values, weight in compared))
            if row >= step
            else 3.0
            for row in range(n)
        ]
        more[f"unlike_{step}"] = around(apart, 5)
    return more


def words_of(line: str) -> set[str]:
    """Words of at least four letters, and pairs of single characters side by side, of a plain line."""
    classes = character_table().classes
    kinds = [int(classes[ord(character)]) for character in line]
    found, word = set(), ""
    for at, (character, kind) in enumerate(zip(line, kinds, strict=True)):
        if kind == LETTER or (kind == EXTENDER and word):
            word += character
        else:
            found |= {word} if len(word) >= 4 else set()
            word = ""
        if kind == SINGLE and at and kinds[at - 1] == SINGLE:
            found.add(line[at - 1 : at + 1])
    return found | ({word} if len(word) >= 4 else set())


def related(lines: Sequence[str], prose: Sequence[float], first: int, last: int) -> dict[str, Column]:
    """The features of `detector.kernels.page_context.relate_lines` and `place_headline` by name."""
    n, words = len(lines), [words_of(line) for line in lines]
    counted = Counter(word for own in words for word in own)

    def weight(some: set[str]) -> float:
        return math.fsum(math.log((n + 1) / counted[word]) for word in some)

    def share(row: int, others: set[str]) -> float:
        return weight(words[row] & others) / weight(words[row]) if words[row] else -0.1

    def union(rows: Sequence[int]) -> set[str]:
        return set().union(*(words[row] for row in rows))

    of_prose = [row for row in range(n) if prose[row] > 2]
    shared = [share(row, union([at for at in of_prose if at != row])) for row in range(n)]
    body = [share(row, union([at for at in range(first, last + 1) if at != row])) for row in range(n)]
    rare = []
    for row, own in enumerate(words):
        rarer = [word for word in own if math.log((n + 1) / counted[word]) > 1]
        n_lines = sum(word in words[at] for word in rarer for at in of_prose if at != row)
        rare.append(math.log1p(n_lines / max(len(own), 1)))

    def mean_around(values: Sequence[float], sizes: Sequence[int], reach: int) -> Column:
        found = []
        for row in range(n):
            rows = range(max(0, row - reach), min(n, row + reach + 1))
            found.append(sum(sizes[at] * values[at] for at in rows) / max(sum(sizes[at] for at in rows), 1e-6))
        return found

    sizes = [len(own) for own in words]
    head, best = None, 0.0
    for row in range(min(first + 4, last + 1)):
        value = body[row] ** 2 * weight(words[row]) if body[row] > 0 else -1.0
        if prose[row] == 0 and len(words[row]) >= 3 and value >= best - 1e-9:
            head, best = row, max(best, value)
    far = [0 if head is None else row - head for row in range(n)]
    return {
        "with_prose": shared,
        "with_rare": rare,
        "with_body": body,
        "with_before": [share(row, union(range(max(0, row - 6), row))) for row in range(n)],
        "with_after": [share(row, union(range(row + 1, min(n, row + 7)))) for row in range(n)],
        "with_prose_6": mean_around(shared, [1] * n, 6),
        "with_body_6": mean_around(body, [1] * n, 6),
        "with_body_3_words": mean_around(body, sizes, 3),
        "with_body_8_words": mean_around(body, sizes, 8),
        "with_headline": [share(row, set() if head is None else words[head]) for row in range(n)],
        "to_headline": [math.log1p(max(-away, 0)) for away in far],
        "from_headline": [math.log1p(max(away, 0)) for away in far],
        "headline": [math.log1p(best)] * n,
        "headline_gap": [0.0 if head is None else math.log1p(max(first - head, 0))] * n,
    }


def placed(before: Sequence[float], after: Sequence[float], rate: float) -> list[tuple[float, float, float]]:
    """The probabilities that each line stands before, in and after the text: a sum over all of its runs, one by one."""
    n = len(before)

    def evidence(row: int) -> tuple[float, float, float]:
        ahead, behind = 1 / (1 + math.exp(-before[row])), 1 / (1 + math.exp(-after[row]))
        return ahead, 1 - ahead - behind, behind

    logs = [[rate * math.log(max(value, 1e-6)) for value in evidence(row)] for row in range(n)]
    totals = [[0.0, 0.0, 0.0] for _ in range(n)]
    for begin in range(n + 1):
        for end in range(begin, n + 1):
            if begin == end and begin < n:
                continue  # a text has a line; a page may have none before all is read
            states = [0 if row < begin else 1 if row < end else 2 for row in range(n)]
            borders = (begin < n) + (end < n)
            value = math.exp(sum(logs[row][state] for row, state in enumerate(states)) - 2 * borders)
            for row, state in enumerate(states):
                totals[row][state] += value
    return [tuple(value / sum(row) for value in row) for row in totals]  # type: ignore[misc]


def gate(counts: Sequence[Sequence[int]], repeats: Sequence[int], limits: Sequence[float]) -> int:
    """2 if enough different short lines are words of pages, 1 if one is."""
    n_all = math.fsum(1 / times for times in repeats)
    units = [row[WORDS] + 0.6 * row[HAN] for row in counts]
    n_chrome = math.fsum(
        1 / times
        for row, times, size in zip(counts, repeats, units, strict=True)
        if size < 8 and sum(row[CLASS : CLASS + 4]) >= 0.6 * max(row[SEEN], 1)
    )
    n_chrome += 1e-6
    short = sum(size < 7 for size in units) / len(counts)
    some = n_chrome >= limits[3] and n_chrome >= limits[4] * n_all and short >= limits[5]
    many = n_chrome >= limits[6] and n_chrome >= limits[7] * n_all and short >= limits[8]
    return 2 if some or many else int(n_chrome >= 1)


def evidence_of_page(lines: Sequence[tuple[float, int, int]], sign: int) -> dict[str, float]:
    """What speaks for a text being a page, by the odds, repeats and characters of its lines."""
    n, size = len(lines), sum(chars for _, _, chars in lines)

    def different(least: float) -> float:
        return math.log1p(sum(1 / times for odds, times, _ in lines if odds > least))

    return {
        "sure": different(8),
        "likely": different(5),
        "over": different(3),
        "share_over": sum(odds > 3 for odds, _, _ in lines) / n,
        "share_positive": sum(odds > 0 for odds, _, _ in lines) / n,
        "text": sum(chars for odds, _, chars in lines if odds < -3) / size,
        "junk": sum(chars for odds, _, chars in lines if odds > 3) / size,
        "lines": math.log(n),
        "by_words": float(sign == 2),
        "between": sum(-2 < odds < 2 for odds, _, _ in lines) / n,
    }
