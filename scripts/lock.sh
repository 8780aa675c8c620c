#!/bin/sh
# Pin every requirement with its hashes, for every platform and Python from 3.11. Names no index. Needs uv.
set -eu
uv=$(command -v uv || echo .venv/bin/uv)
if ! [ -x "$uv" ]; then
    .venv/bin/pip install --quiet uv
    uv=.venv/bin/uv
fi

pin() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"
}

pin pyproject.toml requirements/base.in --output-file requirements/base.txt
pin requirements/test.in --output-file requirements/test.txt
pin requirements/bench.in --output-file requirements/bench.txt
# What the image installs: base and traces, in the same versions.
pin pyproject.toml requirements/base.in --extra otel --constraint requirements/base.txt --output-file requirements/otel.txt
