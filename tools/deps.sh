#!/bin/sh
# Installs what is missing on a Debian 12, and nothing when all is there: deps.sh build|test|bench
set -eu
build="gcc libc6-dev pkg-config meson ninja-build protobuf-c-compiler libprotobuf-c-dev libwebsockets-dev libcurl4-openssl-dev
 libjansson-dev libsqlite3-dev libpq-dev libssl-dev libdeflate-dev libsodium-dev libcrypt-dev libqrencode-dev libp11-kit-dev liblzma-dev libzstd-dev zlib1g-dev libarchive-dev libxml2-dev libxmlsec1-dev libnats-dev uthash-dev ca-certificates tzdata"
test="$build systemd git unzip zstd binutils python3 clang libclang-rt-14-dev clang-format clang-tidy universal-ctags codespell curl openssl nodejs npm strace sqlite3 postgresql xmlsec1 softhsm2 spin nats-server nginx-light iproute2 util-linux"
bench="$build python3 g++ make nodejs npm wrk nginx-light libnginx-mod-nchan postgresql redis-server util-linux"
case ${1:-build} in
build) want=$build ;;
test) want=$test ;;
bench) want=$bench ;;
*) echo "usage: deps.sh build|test|bench" >&2; exit 2 ;;
esac

missing=
for p in $want; do
	case $p in # programs that a machine may have from elsewhere
	nodejs) command -v node >/dev/null && continue ;;
	npm) command -v npm >/dev/null && continue ;;
	nginx-light) command -v nginx >/dev/null && continue ;;
	postgresql) [ -x /usr/lib/postgresql/15/bin/postgres ] && continue ;;
	esac
	dpkg-query -W -f='${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "please install as root: apt-get install$missing" >&2; exit 1; }
	sudo=sudo
fi
echo "installing:$missing"
log=$(mktemp)
if ! { $sudo apt-get -qq -o DPkg::Lock::Timeout=600 update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	-o DPkg::Lock::Timeout=600 install --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -20 "$log" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
