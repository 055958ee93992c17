"""Asks for known vulnerabilities of every pinned package, and reports when the advisories cannot be reached.

Exit code 1 only for a known vulnerability: a machine without a network, or with a mirror that has no advisories,
passes.
"""

import json
import subprocess
import sys


def judge_report(report: str, problem: str) -> tuple[str, bool]:
    """Return what to print about pip-audit's JSON report, and whether the check passes.

    Args:
        report: what pip-audit wrote to standard output; no JSON when it failed.
        problem: what it wrote to standard error.
    """
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = problem.strip().splitlines()[-1] if problem.strip() else "no answer"
        return f"NOT CHECKED: the advisories cannot be reached ({last}).", True
    asked = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']},"
        f" fixed in {', '.join(vulnerability['fix_versions']) or 'no version'}"
        for package in asked
        for vulnerability in package["vulns"]
    ]
    if found:
        return "\n".join(found), False
    if not asked:
        return f"NOT CHECKED: the advisories cannot be reached (none of {len(packages)} packages was found).", True
    skipped = len(packages) - len(asked)
    missing = f"; NOT CHECKED: {skipped}" if skipped else ""
    return f"No known vulnerability in {len(asked)} packages{missing}.", True


if __name__ == "__main__":
    tool, *lock_files = sys.argv[1:]
    requirements = [argument for file in lock_files for argument in ("--requirement", file)]
    command = [
        tool,
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
        *requirements,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (CI names the tool)
    text, passes = judge_report(done.stdout, done.stderr)
    print(text)
    sys.exit(not passes)
