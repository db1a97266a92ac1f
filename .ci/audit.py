"""Check every package of the lock file, including development packages, for known vulnerabilities.

Exit code 0: all packages were checked, and none is vulnerable. 1: some are vulnerable. 3: no
vulnerability was found, but not all packages could be checked. pip-audit reports the last case as a
success, although a mirror of PyPI without the JSON API has no advisories. Arguments are passed to
pip-audit, for example ``--vulnerability-service osv``.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_VULNERABLE = 1
_NOT_LOOKED_UP = 3

# `uv run` sets UV to its own path; it may not be on the PATH.
_EXPORT = [
    os.environ.get("UV", "uv"),
    "export",
    "--locked",
    "--no-emit-project",
    "--no-header",
    "--quiet",
    "-o",
]
_AUDIT = ["pip-audit", "--require-hashes", "--disable-pip", "--format", "json"]
_AUDIT += ["--progress-spinner", "off", "--timeout", "5", "--requirement"]


def main() -> int:
    """Print the vulnerabilities and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        locked = str(Path(folder, "requirements.txt"))
        subprocess.run([*_EXPORT, locked], check=True)  # noqa: S603 - no shell
        audit = subprocess.run(  # noqa: S603 - no shell
            [*_AUDIT, locked, *sys.argv[1:]], capture_output=True, text=True, check=False
        )
    try:
        packages: list[dict[str, Any]] = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        said = audit.stderr.strip().splitlines() or ["nothing"]
        print(f"NOT AUDITED for known vulnerabilities. pip-audit reports: {said[-1]}")
        return _NOT_LOOKED_UP
    vulnerable = [package for package in packages if package.get("vulns")]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    for package in vulnerable:
        for found in package["vulns"]:
            names = " ".join([found["id"], *found["aliases"]])
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {names}, fixed in {fixed}")
    if skipped and len(skipped) == len(packages):
        print(
            "NOT AUDITED for known vulnerabilities: the advisories cannot be reached from here "
            "(a mirror of PyPI without its JSON API)"
        )
    elif skipped:
        print(
            f"NOT AUDITED for known vulnerabilities: {len(skipped)} of {len(packages)} packages, "
            f"which the advisory service does not know ({', '.join(skipped[:3])} …)"
        )
    if vulnerable:
        return _VULNERABLE
    if skipped:
        return _NOT_LOOKED_UP
    print(f"None of {len(packages)} packages has a known vulnerability")
    return 0


if __name__ == "__main__":
    sys.exit(main())
