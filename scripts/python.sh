#!/bin/sh
# Print a Python that can run Headgate: $PYTHON when set, else the first that is 3.11 or later and can make a venv.
set -eu
fit='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c "$fit" >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
done
cat >&2 <<EOF
Headgate needs Python 3.11 or later with the venv module, and found none${PYTHON:+ as PYTHON=$PYTHON}.
Install it (on Debian and Ubuntu: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3
EOF
exit 1
