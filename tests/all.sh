#!/bin/sh
# Runs every test of the project. Installs what is missing: a headless browser for the tests of the pages,
# node and the Socket.IO clients of both generations for the tests of their door, and for others than root the
# mounting of file systems, for the tests of power cuts and full disks.
set -eu

cd "$(dirname "$0")/.."

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v chromedriver >/dev/null 2>&1 || missing="$missing chromium-driver"
# The Socket.IO clients themselves, for the tests of the door that speaks their protocol.
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
# Only root can mount a file system without help.
[ "$(id -u)" = 0 ] || command -v fusermount3 >/dev/null 2>&1 || missing="$missing fuse3"
if [ -n "$missing" ]; then
    echo "installing:$missing" >&2
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 -- a list of packages
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

(cd tests/clients && npm ci --omit=dev --no-audit --no-fund >&2)

if cargo nextest --version >/dev/null 2>&1; then
    # nextest does not run the examples in the documentation
    cargo test --doc
    exec cargo nextest run "$@"
fi
exec cargo test "$@"
