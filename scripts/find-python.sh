#!/bin/sh
# Prints the path of a Python new enough for Gridrush, or says in one line what is missing.
set -u

usable() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

found() {
    "$1" -c 'import sys; print(sys.executable)'
    exit 0
}

if [ -n "${PYTHON:-}" ]; then
    usable "$PYTHON" && found "$PYTHON"
    echo "PYTHON=$PYTHON is not a Python 3.12 or newer with the venv module." >&2
    exit 1
fi

# A name on PATH may be a version manager's shim that refuses to run here: each candidate is tried, not just looked up.
for candidate in python3 python3.13 python3.14 python3.12 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[24]*/bin/python3; do
    usable "$candidate" && found "$candidate"
done

echo "Gridrush needs Python 3.12 or newer with the venv module, and none was found: install one, or set PYTHON=/path/to/python3." >&2
exit 1
