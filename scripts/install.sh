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

# Files just written stay in memory in large pieces, and whoever loads a library has all of them mapped: 65 MB
# more than is used, until the next restart. Read anew they come in small ones. Linux only, and no matter else.
read_libraries_anew() {
    { sync -f "$venv" && find "$venv" -name '*.so*' -exec dd if={} iflag=nocache count=0 status=none ';'; } \
        2>/dev/null || true
}

failed() {
    echo "Installing into $venv failed; what pip says is above. The next make goes on from here." >&2
    exit 1
}

current && exit 0

# Two makes at once: the second waits for the first, then finds the work done. The lock of a process that was
# killed or lost its power falls.
lock="$here/$venv.lock"
waited=0
until mkdir "$lock" 2>/dev/null; do
    if [ ! -w "$here" ]; then
        echo "Cannot install into $here/$venv: $(id -un) may not write to that folder." >&2
        exit 1
    fi
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
        rm -rf "$lock"
        continue
    fi
    [ "$waited" -ne 0 ] || echo "Waiting for another installation into $venv (if there is none, remove $lock) ..."
    waited=$((waited + 1))
    if [ "$waited" -gt 900 ]; then
        echo "Gave up waiting: remove $lock if nothing is being installed, and try again." >&2
        exit 1
    fi
    sleep 1
done
trap 'rm -rf "$lock"' EXIT
trap 'exit 130' INT TERM
echo $$ >"$lock/pid"
current && exit 0

if ! sound; then
    python=$(scripts/find-python.sh)
    echo "Making $venv with $("$python" --version) ($python) ..."
    "$python" -m venv --clear "$venv"
fi
echo "Installing the locked packages of $packages into $venv (the first time takes a few minutes) ..."
pip_install --require-hashes -r requirements-build.lock || failed
pip_install --require-hashes --no-build-isolation -r "$packages" || failed
[ "$1" != run ] || pip_install --no-deps --no-build-isolation -e . || failed
read_libraries_anew
state >"$stamp"
[ "$1" != run ] || "$venv/bin/python" -m model.compiling || failed
echo "$venv is ready."
