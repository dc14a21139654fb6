"""Check what Gridrush depends on: licences of what users install, known vulnerabilities of all locks.

    python scripts/check_dependencies.py

Fails on a licence that is neither allowed nor excepted with a reason, and on a known vulnerability. Where no
vulnerability service answers, it says so in a line and passes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "requirements.lock"
LOCKS = (RUN, *(ROOT / f"requirements-{name}.lock" for name in ("dev", "build", "cff")))
SECONDS = 90
"""After which a vulnerability service counts as not to be reached."""
UNREACHABLE = r"requests\.exceptions|[Cc]ould not connect|network may be blocking"
"""What pip-audit says when no service answers, and nothing else is wrong."""
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-CMU", "MPL-2.0"),
    *("Apache-2.0 WITH LLVM-exception", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
}
"""SPDX names of licences that ask for no more than Apache-2.0, or only for changes to their own files."""
WORDS = {
    "2-clause bsd": "BSD-2-Clause",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What packages without an SPDX expression say, as SPDX."""
EXCEPTIONS = {
    "platypus-opt": "GPL-3.0; EMA Workbench asks for it; Gridrush neither distributes nor calls it",
}
UNKNOWN = "UNKNOWN"


def refused(packages: list[dict[str, Any]], wanted: set[str]) -> list[str]:
    """Return a line for each of the wanted packages whose licence is not allowed, or that is not there."""
    found = {canonical(package["Name"]): licence_of(package) for package in packages}
    lines = [
        f"{name}: licence {licence}; allow it or say why in EXCEPTIONS"
        for name, licence in sorted(found.items())
        if name in wanted and not allowed(licence) and name not in EXCEPTIONS
    ]
    return lines + [f"{name}: in EXCEPTIONS, but not locked" for name in EXCEPTIONS if name not in wanted]


def licence_of(package: dict[str, Any]) -> str:
    """Return the licence a package gives, best source first; of a whole text the first line."""
    for key in ("License-Expression", "License-Classifier", "License-Metadata"):
        text = str(package.get(key) or UNKNOWN).strip()
        if text != UNKNOWN:
            return text.splitlines()[0].strip()
    return UNKNOWN


def allowed(licence: str) -> bool:
    """Return whether a licence is allowed: one of those joined by OR, all of those joined by AND."""
    return any(
        all(WORDS.get(part.strip().lower(), part.strip(" ()")) in ALLOWED for part in both)
        for both in (re.split(r"\s+AND\s+|;\s*", choice) for choice in re.split(r"\s+OR\s+", licence))
    )


def vulnerable(packages: list[dict[str, Any]]) -> tuple[list[str], int]:
    """Return a line a vulnerability, and how many packages were looked up."""
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, mended in "
        f"{', '.join(found.get('fix_versions') or []) or 'no version yet'}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    return lines, sum("skip_reason" not in package for package in packages)


def audited() -> list[dict[str, Any]]:
    """Return what pip-audit says of all locks; locks clash, so each is looked up on its own."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for lock in LOCKS:
        packages = audit(lock).get("dependencies", [])
        found |= {(package["name"], package.get("version", "")): package for package in packages}
        if all("skip_reason" in package for package in packages):
            break  # No service answers, and none will for the next lock.
    return list(found.values())


def audit(lock: Path) -> dict[str, Any]:
    """Return what pip-audit says of a lock; nothing when no service answers."""
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--timeout=5"]
    command += ["--disable-pip", "--require-hashes", "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {}
    if done.stdout.strip():
        return json.loads(done.stdout)
    if re.search(UNREACHABLE, done.stderr):
        return {}
    raise SystemExit(f"pip-audit failed: {done.stderr.strip().splitlines()[-1]}")


def installed() -> list[dict[str, Any]]:
    """Return the installed packages with their licences."""
    command = [str(Path(sys.executable).with_name("pip-licenses")), "--format=json", "--from=all"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def locked(lock: Path) -> set[str]:
    """Return the names in a lock file."""
    return {canonical(name) for name in re.findall(r"^([\w.-]+)==", lock.read_text(), flags=re.MULTILINE)}


def canonical(name: str) -> str:
    """Return the name of a package as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Check both and return the exit status."""
    lines = refused(installed(), locked(RUN))
    print(f"Licences: {len(lines)} of {len(locked(RUN))} packages refused, {len(EXCEPTIONS)} excepted.")
    packages = audited()
    found, looked_up = vulnerable(packages)
    if looked_up:
        print(f"Vulnerabilities: {len(found)} known in {looked_up} of {len(packages)} locked packages.")
    else:
        print("Vulnerabilities: not checked, since no vulnerability service can be reached from here.")
    for line in [*lines, *found]:
        print(line, file=sys.stderr)
    return 1 if lines or found else 0


if __name__ == "__main__":
    sys.exit(main())
