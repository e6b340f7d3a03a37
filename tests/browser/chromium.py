"""Finds a Chromium for the browser tests, or installs one; `python -m tests.browser.chromium` prints its path."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PACKAGES = ("chromium", "fonts-wqy-microhei")  # without a CJK font every Chinese character is a box
PATIENCE = 600


class NoBrowser(RuntimeError):
    """There is no Chromium and none could be installed."""


def launch(playwright: Playwright) -> Browser:
    """Start the browser of the tests."""
    return playwright.chromium.launch(executable_path=ensure(), args=list(ARGUMENTS))


def ensure() -> str:
    """Return the path of a Chromium that starts; installs one when there is none, and raises when that fails too."""
    with (Path(tempfile.gettempdir()) / f"miaofa-chromium-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel test workers: one installs, the others wait
        path = find() or install()
    if not path:
        raise NoBrowser(
            "The browser tests need Chromium, and installing it failed. Install chromium (and fonts-wqy-microhei),"
            " or name a binary: CHROMIUM=/path/to/chrome make test."
        )
    return path


def find() -> str | None:
    """Find a Chromium that starts: $CHROMIUM, PATH, the Mac's Chrome, Playwright's own."""
    return next((path for path in candidates() if starts(path)), None)


def install() -> str | None:
    """Install Playwright's own headless shell where its download is open, else Debian's package as root."""
    say("No Chromium found; installing one for the browser tests …")
    run([sys.executable, "-m", "playwright", "install", "chromium", "--only-shell"])
    if not find() and os.getuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-q"]
        run([*apt, "update"])
        run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES])
    return find()


def candidates() -> Iterator[str]:
    """List the places where a Chromium may be, the one that was asked for first."""
    yield from filter(None, [os.environ.get("CHROMIUM")])
    yield from filter(None, (shutil.which(name) for name in NAMES))
    yield str(MAC)
    with sync_playwright() as playwright:
        full = Path(playwright.chromium.executable_path)
    yield str(full)
    shells = full.parents[2].glob("chromium_headless_shell-*/*/*headless*shell")
    yield from sorted(map(str, shells), reverse=True)


def starts(path: str) -> bool:
    """Answer whether the binary is there and runs; a bare machine may lack its shared libraries."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def run(command: Sequence[str]) -> None:
    """Run one step of the installation; whether it helped is seen by looking for the browser again."""
    say("$ " + " ".join(command))
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=env, timeout=PATIENCE, check=False, stdout=sys.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        say(str(error))


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(ensure())
    except NoBrowser as reason:
        sys.exit(str(reason))
