#!/bin/sh
# Sees to the one thing outside Python that the tests can use: a Chromium for the tests of the live view.
set -u

for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$browser" >/dev/null 2>&1 && exit 0
done

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
    echo "Chromium could not be installed: the browser tests need it." >&2
    # Where tests run unattended, nobody would notice that some were left out.
    [ -z "${CI:-}" ] && exit 0 || exit 1
fi

echo "The browser tests need Chromium and are skipped without it: install the package 'chromium'." >&2
