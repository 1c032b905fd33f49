#!/bin/sh
# Gets the bench's peers ready: the npm packages of the lock file, better-sqlite3 and zstd-napi built against the headers of
# the node that runs here (their prebuilt binaries lie on a host that not every machine can reach). Does nothing when all is there.
# Debian packages needed: wrk nginx-light postgresql util-linux g++ make python3, and Node 20 with its headers
# (NodeSource's nodejs has them; of Debian's own, nodejs and libnode-dev).
set -eu
cd "$(dirname "$0")"

missing=
for tool in wrk setpriv node npm; do
	command -v "$tool" >/dev/null || missing="$missing $tool"
done
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx"
ls -d /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
if [ -n "$missing" ]; then
	echo "bench: not installed:$missing (Debian: apt-get install wrk nginx-light postgresql nodejs npm)" >&2
	exit 1
fi

stamp=node_modules/.ready
want="$(sha256sum <package-lock.json | cut -c1-64) $(node -p process.versions.modules)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
	exit 0
fi

prefix=$(node -p 'require("path").resolve(process.execPath, "../..")')
if [ ! -f "$prefix/include/node/node_api.h" ]; then
	echo "bench: no node headers in $prefix/include/node: install NodeSource's nodejs 20 or Debian's libnode-dev" >&2
	exit 1
fi
echo "bench: installing the peers and building better-sqlite3 and zstd-napi (about two minutes, once)"
# Not `npm ci`: a registry that lacks the packages of other systems, which the lock names as optional, must do.
npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
npm_config_build_from_source=true npm_config_nodedir="$prefix" npm rebuild better-sqlite3 zstd-napi --loglevel=error
node -e 'new (require("better-sqlite3"))(":memory:").exec("SELECT 1")'
echo "$want" >"$stamp"
