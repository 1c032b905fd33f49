#!/bin/sh
# Runs the npm clients of this folder against a steamsim of its own. usage: run.sh [PATH OF steamsim [NAME]]; NAME: that test alone.
# A world NAME.world beside NAME_test.cjs is its world. Wants `npm ci --no-audit --no-fund` in this folder before; does it when what is installed is older than the lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
steamsim=$(realpath "${1:-build/sim/steamsim}")
FOOTPLATE=${steamsim%/sim/steamsim}/footplate MANIFEST_PRINT=${steamsim%/sim/steamsim}/tests/conformance/manifest_print
export FOOTPLATE MANIFEST_PRINT
cd "$here"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund

work=$(mktemp -d)
sim=
cleanup() {
	[ -z "$sim" ] || { kill "$sim" 2>/dev/null && wait "$sim" || true; }
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# A line of a test says what it wants besides: "// steamsim: OPTION …", and "// also: tcp" for a second run over plain TCP.
run() {
	t=$1 transport=$2
	rm -f "$work/ready"
	world=$here/${t%_test.cjs}.world
	preload="--require $here/redirect.cjs"
	set --
	[ -f "$world" ] && set -- --world "$world"
	[ "$transport" = TCP ] && set -- "$@" --tcp 2 && preload="$preload --require $here/over_tcp.cjs"
	"$steamsim" "$@" $(sed -n 's|^// steamsim: ||p' "$t") --port 0 --plain-port 0 --heartbeat 1 --poll 100 --tls-dir "$work/tls" --ready-file "$work/ready" >"$work/out" 2>"$work/log" &
	sim=$!
	until [ -s "$work/ready" ]; do
		kill -0 "$sim" 2>/dev/null || { echo "steamsim did not start:"; cat "$work/log"; exit 1; }
		sleep 0.1
	done
	SIM_TLS_PORT=$(sed 's|^ready https://[^:]*:\([0-9]*\) .*|\1|' "$work/ready")
	SIM_TCP_KEY=$work/tls/tcp.pem
	SIM_TRANSPORT=$transport
	export SIM_TLS_PORT SIM_TCP_KEY SIM_TRANSPORT
	echo "# $t over $transport, port $SIM_TLS_PORT"
	if ! NODE_EXTRA_CA_CERTS="$work/tls/ca.pem" NODE_OPTIONS="--no-deprecation $preload" node "$t"; then
		echo "# the log of steamsim:"
		tail -40 "$work/log"
		exit 1
	fi
	kill "$sim"
	wait "$sim" || { echo "steamsim ended badly:"; tail -40 "$work/log"; sim=; exit 1; }
	sim=
}

for t in ${2:-*}_test.cjs; do
	run "$t" WebSocket
	if grep -q '^// also: tcp$' "$t"; then
		run "$t" TCP
	fi
done
