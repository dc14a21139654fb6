#!/usr/bin/env bash
# Brings an environment to the locked versions; does nothing when it is there already.
#
#   scripts/install.sh run   .venv with what Gridrush needs to run
#   scripts/install.sh dev   .venv with the tools of development as well
#   scripts/install.sh cff   .venv-cff with the checker of CITATION.cff, whose dependencies clash with the rest
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    run) venv=.venv packages=requirements.lock ;;
    dev) venv=.venv packages=requirements-dev.lock && scripts/install.sh run ;;
    cff) venv=.venv-cff packages=requirements-cff.lock ;;
    *) echo "usage: $0 run|dev|cff" >&2; exit 2 ;;
esac
here=$(pwd -P)
stamp="$venv/.installed-$1"

# An environment that was moved or copied here, or has lost its Python, does not count.
sound() {
    "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null &&
        grep -qsF "$here/$venv/bin/python" "$venv/bin/pip"
}

# What was installed: the locks, and of pyproject.toml all but the settings of tools.
state() {
    { cat requirements-build.lock "$packages"; sed '/^\[tool\./,$d' pyproject.toml; } | cksum
}

current() {
    sound && [ "$(state)" = "$(cat "$stamp" 2>/dev/null)" ]
}

# Of what pip says, the lines that show it moving.
pip_install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --require-virtualenv "$@" |
        { grep --line-buffered -E '^(Collecting|Installing|Successfully built)|^ +Building wheel.*started' || true; } |
        cut -c 1-100
}

current && exit 0

# Two makes at once: the second waits for the first, then finds the work done.
lock="$here/$venv.lock"
waited=0
until mkdir "$lock" 2>/dev/null; do
    [ "$waited" -ne 0 ] || echo "Waiting for another installation into $venv (if there is none, remove $lock) ..."
    waited=$((waited + 1))
    [ "$waited" -le 900 ] || exit 1
    sleep 1
done
trap 'rmdir "$lock"' EXIT
trap 'exit 130' INT TERM
current && exit 0

if ! sound; then
    python=$(scripts/find-python.sh)
    echo "Making $venv with $("$python" --version) ($python) ..."
    "$python" -m venv --clear "$venv"
fi
echo "Installing the locked packages of $packages into $venv (the first time takes a few minutes) ..."
pip_install --require-hashes -r requirements-build.lock
pip_install --require-hashes --no-build-isolation -r "$packages"
[ "$1" != run ] || pip_install --no-deps --no-build-isolation -e .
state >"$stamp"
echo "$venv is ready."
