#!/bin/sh
# The main job, end to end, on real input: demo.sh BUILD [--stay]. Starts steamsim and footplate on free loopback ports with a
# temporary data folder, does with the command line what a user would do, stops all. --stay keeps them running until Ctrl-C.
set -eu
build=${1:-build}
stay=${2:-}
work=$(mktemp -d /tmp/footplate-demo-XXXXXX)
sim=
serve=

stop() {
	status=$?
	trap - EXIT INT TERM
	for p in $serve $sim; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	[ "$status" = 0 ] || [ "$status" = 130 ] || { echo "--- the end of footplate's log:"; tail -20 "$work/serve.log" 2>/dev/null; } >&2
	rm -rf "$work"
	exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

await() { # FILE PID
	i=0
	until [ -s "$1" ]; do
		kill -0 "$2" 2>/dev/null || { echo "it did not start" >&2; cat "$work"/*.log >&2; exit 1; }
		i=$((i + 1))
		[ "$i" -lt 300 ] || { echo "it is not ready after 30 s" >&2; exit 1; }
		sleep 0.1
	done
}
say() { printf '\n== %s\n' "$*"; }
show() { printf '$ footplate %s\n' "$*" && "$build/footplate" "$@"; }
fp() { "$build/footplate" "$@"; }

# 50 log-ons, and three of them are refused by Steam for good (43: the account is disabled).
"$build/sim/steamsim" --port 0 --tls-dir "$work/tls" --ready-file "$work/sim.ready" \
	--fault 'logon@9,24,41:eresult=43' >/dev/null 2>"$work/sim.log" &
sim=$!
await "$work/sim.ready" "$sim"
directory=$(sed 's|^ready \(https://[^ ]*\) .*|\1/ISteamDirectory/GetCMListForConnect/v1/|' "$work/sim.ready")

"$build/footplate" serve --data "$work/data" --port 0 --ready-file "$work/ready" --set steam.ca_file="$work/tls/ca.pem" \
	--set steam.directory_url="$directory" --set lanes.unsafe=true \
	--set lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0 2>"$work/serve.log" &
serve=$!
await "$work/ready" "$serve"
FOOTPLATE_SERVER=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$work/ready")
FOOTPLATE_KEY_FILE=$work/data/admin.key
export FOOTPLATE_SERVER FOOTPLATE_KEY_FILE
i=0
until fp agent list -o csv | grep -q connected; do
	i=$((i + 1))
	[ "$i" -lt 100 ] || { echo "the agent did not connect" >&2; exit 1; }
	sleep 0.1
done

if [ "$stay" = --stay ]; then
	cat <<EOT
Footplate runs at $FOOTPLATE_SERVER with a simulated Steam behind it.
The first administrator's key: $(cat "$FOOTPLATE_KEY_FILE")

For the command line, in another terminal:
  export FOOTPLATE_SERVER=$FOOTPLATE_SERVER FOOTPLATE_KEY_FILE=$FOOTPLATE_KEY_FILE
  $build/footplate job run pics.product_info -p apps=440,480 --wait

Ctrl-C ends it; its data in $work goes with it.
EOT
	wait "$serve"
	exit
fi

say "An agent has dialled out and is connected"
show agent list

say "Product info of two apps and a package, as Steam has them"
show job run pics.product_info -p apps=440,480 -p packages=0 --wait=30 -q >"$work/job"
cat "$work/job"
job=$(tail -1 "$work/job")
show job tasks "$job"
task=$(fp job tasks "$job" -q)
fp task get "$task" -o json >"$work/task.json"
tools/show_products.py "$work/task.json"

say "Fifty accounts"
n=1
while [ "$n" -le 50 ]; do
	echo "bot$n"
	n=$((n + 1))
done >"$work/logins"
show account import "$work/logins" --anonymous -q >"$work/accounts"
echo "$(grep -c '^acc_' "$work/accounts") accounts made"

say "A job over all of them: Steam refuses three, the rest succeeds; its events as they come"
show job run session.login --all -q >"$work/job2"
cat "$work/job2"
job=$(tail -1 "$work/job2")
set +e
fp job watch "$job" >"$work/events" 2>&1
code=$?
set -e
head -3 "$work/events"
echo "… $(wc -l <"$work/events") lines …"
tail -3 "$work/events"
echo "exit code $code (3: a part of it succeeded)"
[ "$code" = 3 ]
show job get "$job"
show job tasks "$job" --status failed
[ "$(fp job tasks "$job" --status failed -q | wc -l)" = 3 ]
[ "$(fp job tasks "$job" --status succeeded --limit 100 -q | wc -l)" = 47 ]
[ "$(fp event list --job "$job" --type task.succeeded --limit 500 -q | wc -l)" = 47 ]

say "The same submit twice with one Idempotency-Key: nothing is done twice"
show job run pics.changes -p since=1 --idempotency-key demo-key-1 --wait=30 -q >"$work/first"
cat "$work/first"
show job run pics.changes -p since=1 --idempotency-key demo-key-1 --wait=30 -q >"$work/second"
cat "$work/second"
[ "$(tail -1 "$work/first")" = "$(tail -1 "$work/second")" ]
jobs=$(fp job list --action pics.changes -q | wc -l)
echo "jobs with this action: $jobs"
[ "$jobs" = 1 ]

say "Done"
