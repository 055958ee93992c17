"""`make mutants`: how many changes of the code the tests notice.

Run it as `python -m tests.mutants`; a seed repeats the sample. `SHARES` divides it between `rules/`, other Python code
and SQL. Each survivor is printed when it is found, the table at the end. Mutants that change nothing that a caller could
observe are listed in `equivalent.toml`, each with the reason, and are left out.
"""

import argparse
import random
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from tests.databases import folder_in_memory
from tests.mutants.mutant import ROOT, Key, Mutant
from tests.mutants.python_code import python_mutants
from tests.mutants.run import Bench, Outcome, Result, up_to_date_map
from tests.mutants.sql_code import sql_mutants

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
# The share of each group in a sample.
SHARES = {"rules": 0.3, "other Python": 0.35, "SQL": 0.35}


def main() -> None:
    """Try out a sample, or everything, and print the table."""
    options = _options()
    left_out = read_equivalent()
    mutants = [mutant for mutant in [*python_mutants(), *sql_mutants()] if options.only in mutant.file]
    reach = up_to_date_map(keep=options.keep_map)
    with ExitStack() as stack:
        folder = stack.enter_context(folder_in_memory("orchestrator-mutants-"))
        benches = [stack.enter_context(Bench.set_up(folder / str(number))) for number in range(options.benches)]
        benches[0].check_map(reach)
        dice = random.Random(options.seed)
        sample = list(draw(mutants, left_out, options.sample, dice, benches[0]))
        dice.shuffle(sample)  # what a run has tried when it is interrupted is a sample, too
        free: SimpleQueue[Bench] = SimpleQueue()
        for bench in benches:
            free.put(bench)
        print(f"{len(sample)} of {len(mutants)} mutants, seed {options.seed}", flush=True)

        def try_out(mutant: Mutant) -> Result:
            bench = free.get()
            try:
                return bench.try_out(mutant, reach, options.seconds)
            finally:
                free.put(bench)

        began = time.monotonic()
        with ThreadPoolExecutor(options.benches) as pool:
            tries = [pool.submit(try_out, mutant) for mutant in sample]
            results = list(_shown(done.result() for done in as_completed(tries)))
    print(f"{table(results)}\n\nseconds: {time.monotonic() - began:.0f}")
    tried = [result for result in results if result.outcome is not Outcome.NOT_TRIED]
    if results and not tried:
        sys.exit("pytest could try none of these mutants.")
    share = sum(result.outcome is Outcome.NOTICED for result in tried) / max(1, len(tried))
    if share < options.at_least:
        sys.exit(f"{share:.0%} of the mutants were noticed; at least {options.at_least:.0%} must be.")


def draw(
    mutants: Sequence[Mutant], left_out: Collection[Key], size: int, dice: random.Random, bench: Bench
) -> Iterator[Mutant]:
    """Draw mutants that are valid and not left out, one of each place; all of them where `size` is 0."""
    groups: dict[str, dict[tuple[str, int], list[Mutant]]] = {group: defaultdict(list) for group in SHARES}
    for mutant in mutants:
        groups[_group(mutant)][mutant.file, mutant.place].append(mutant)
    shares = {group: share for group, share in SHARES.items() if groups[group]}
    for group, share in shares.items():
        places = list(groups[group].values())
        dice.shuffle(places)
        wanted = round(size * share / sum(shares.values()))
        for place in places:
            dice.shuffle(place)
            valid = (mutant for mutant in place if mutant.key() not in left_out and bench.is_valid(mutant))
            if not size:
                yield from valid
            elif wanted and (found := next(valid, None)):
                wanted -= 1
                yield found


def read_equivalent() -> set[Key]:
    """Read which mutants cannot be told from the original.

    Raises:
        SystemExit: an entry is about code that is not there any more.
    """
    entries = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    for entry in entries:
        if not entry["why"] or entry["before"] not in " ".join((ROOT / entry["file"]).read_text().split()):
            sys.exit(f"equivalent.toml: this entry has no reason, or its code has changed: {entry}")
    return {(entry["file"], entry["before"], entry["after"]) for entry in entries}


def table(results: Iterable[Result]) -> str:
    """How many mutants were noticed of those that were tried, by area, and how many could not be tried."""
    results = list(results)
    noticed, tried = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for result in results:
        group = _group(result.mutant)
        for row in ((group, ""), (group, result.mutant.area)):
            noticed[row] += result.outcome is Outcome.NOTICED
            tried[row] += result.outcome is not Outcome.NOT_TRIED
    rows = [
        f"{f'  {area}' if area else group:16} {noticed[group, area]:5} of {count:5}  {noticed[group, area] / count:5.0%}"
        for (group, area), count in sorted(tried.items(), key=lambda row: (list(SHARES).index(row[0][0]), row[0][1]))
        if count
    ]
    outcomes = Counter(result.outcome for result in results)
    without_noticed = [f"{outcome.value}: {outcomes[outcome]}" for outcome in (Outcome.NOT_NOTICED, Outcome.NOT_TRIED)]
    return "\n".join(["", "noticed", *rows, "", *without_noticed])


def _shown(results: Iterable[Result]) -> Iterator[Result]:
    """Print a dot for each mutant that was noticed; of each other one the file, the line and the change."""
    for result in results:
        if result.outcome is Outcome.NOTICED:
            print(".", end="", flush=True)
        else:
            share = f"{result.tests} of the {result.reaching} tests that reach it"
            print(f"\n{result.outcome.value}: {result.mutant.shown()}\n      {share}\n", end="", flush=True)
        yield result


def _group(mutant: Mutant) -> str:
    return {"rules": "rules", "sql": "SQL"}.get(mutant.area, "other Python")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=40, help="how many mutants; 0 for all (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="what the sample is drawn with (default: 1)")
    parser.add_argument("--seconds", type=float, default=40, help="of tests for one mutant at the most (default: 40)")
    parser.add_argument("--benches", type=int, default=2, help="mutants at once; each keeps a core busy (default: 2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants of files with this in their path")
    parser.add_argument("--keep-map", action="store_true", help="use the map that was recorded before the last change")
    parser.add_argument("--at-least", type=float, default=0.0, help="the share that must be noticed (default: 0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
