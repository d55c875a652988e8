"""How many of the blanks of each habit the rules find, in made reports that know no other habit.

    python benchmarks/habits.py [--below 0.9]

The habits and sentences are those of ``tests/data/marks/habits.toml``. Prints the mean share of blanks found, and the
habits with less than ``--below``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from tests.habits import count, habits


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--below", type=float, default=0.9, metavar="SHARE", help="list habits with less than this")
    asked = parser.parse_args()
    table = load_rules(Settings())
    for kind, language in (("figures", "zh"), ("names", "zh"), ("figures", "en"), ("names", "en")):
        counts = {habit: count(kind, language, habit, table) for habit in habits()[kind][language]["habits"]}
        shares = {habit: counted.n_found / counted.n_blanks for habit, counted in counts.items()}
        low = [f"{habit} {share:.2f}" for habit, share in shares.items() if share < asked.below]
        n_found, n_false = (sum(one[at] for one in counts.values()) for at in (1, 2))
        mean, right = sum(shares.values()) / len(shares), n_found / (n_found + n_false)
        print(f"{kind}, {language}: {len(shares)} habits, mean share found {mean:.3f}; {right:.3f} of calls are right")
        print(f"  under {asked.below}: {', '.join(low)}")


if __name__ == "__main__":
    main()
