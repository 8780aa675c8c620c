#!/bin/sh
# Copy the third-party browser files from their npm packages, at pinned versions and with their licences: those we ship,
# and axe-core, which only the browser tests use.
#
#   scripts/vendor_assets.sh
#
# Needs npm and Python. Uses whatever registry npm is configured with and checks each package against the digest
# written here, so the same bytes arrive wherever they came from. To update: change version and digest, run, review
# the diff, look at the screens (scripts/preview_console.py).
#
# htmx stays on the 2.0 line: it is maintained, and every attribute we use is documented for it.
set -eu

HTMX="htmx.org@2.0.11 sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA=="
ICONS="@tabler/icons@3.51.0 sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g=="
INTER="@fontsource-variable/inter@5.3.0 sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA=="
AXE="axe-core@4.14.1 sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="

root="$(cd "$(dirname "$0")/.." && pwd)"
vendor="$root/src/headgate/ui/static/vendor"
for_tests="$root/tests/browser/vendor"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

fetch() { # fetch "<package>@<version> <digest>" <folder>
  spec="${1%% *}"
  expected="${1##* }"
  folder="$scratch/$2"
  mkdir -p "$folder"
  archive="$(cd "$folder" && npm pack --silent "$spec" 2>/dev/null | tail -n 1)"
  actual="sha512-$(openssl dgst -sha512 -binary "$folder/$archive" | openssl base64 -A)"
  if [ "$actual" != "$expected" ]; then
    echo "$spec does not match its pinned digest: expected $expected, got $actual" >&2
    exit 1
  fi
  tar -xzf "$folder/$archive" -C "$folder"
  echo "$spec: digest matches"
}

mkdir -p "$vendor"
fetch "$HTMX" htmx
cp "$scratch/htmx/package/dist/htmx.min.js" "$vendor/htmx.min.js"
cp "$scratch/htmx/package/LICENSE" "$vendor/htmx.LICENSE"

fetch "$INTER" inter
cp "$scratch/inter/package/files/inter-latin-wght-normal.woff2" "$vendor/inter-latin.woff2"
cp "$scratch/inter/package/files/inter-latin-ext-wght-normal.woff2" "$vendor/inter-latin-ext.woff2"
cp "$scratch/inter/package/LICENSE" "$vendor/inter.LICENSE"

fetch "$ICONS" icons
cp "$scratch/icons/package/LICENSE" "$vendor/tabler-icons.LICENSE"
python3 - "$root/src/headgate/ui/icons.txt" "$scratch/icons/package/icons/outline" "$vendor/icons.svg" <<'PY'
"""One SVG sprite with a symbol per name in icons.txt."""
import re
import sys
from pathlib import Path

names, folder, target = (Path(argument) for argument in sys.argv[1:])
symbols = []
for name in sorted(set(names.read_text().split())):
    body = re.search(r"<svg[^>]*>(.*)</svg>", (folder / f"{name}.svg").read_text(), re.S).group(1)
    paths = [path.strip() for path in body.splitlines() if path.strip() and 'stroke="none"' not in path]
    symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>')
target.write_text(
    '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round">\n' + "\n".join(symbols) + "\n</svg>\n"
)
print(f"{len(symbols)} icons")
PY

cat >"$vendor/README.md" <<TEXT
Third-party files, copied unchanged by \`scripts/vendor_assets.sh\` (the sprite is built from the icons named in \`ui/icons.txt\`).

| file | package | licence |
|---|---|---|
| htmx.min.js | ${HTMX%% *} | 0BSD |
| inter-latin.woff2, inter-latin-ext.woff2 | ${INTER%% *} | OFL-1.1 |
| icons.svg | ${ICONS%% *} | MIT |
TEXT

mkdir -p "$for_tests"
fetch "$AXE" axe
cp "$scratch/axe/package/axe.min.js" "$for_tests/axe.min.js"
cp "$scratch/axe/package/LICENSE" "$for_tests/axe.LICENSE"
cat >"$for_tests/README.md" <<TEXT
For tests only, copied unchanged by \`scripts/vendor_assets.sh\`; not part of the product.

| file | package | licence |
|---|---|---|
| axe.min.js | ${AXE%% *} | MPL-2.0 |
TEXT
