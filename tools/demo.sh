#!/bin/sh
# The main job, end to end, on real input: demo.sh BUILD [--stay]. Starts steamsim and footplate on free loopback ports with a
# temporary data folder, does with the command line what a user would do, stops all. --stay keeps them running until Ctrl-C.
set -eu
umask 077 # the lists hold passwords
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
	[ "$status" = 0 ] || [ "$status" = 130 ] || { echo "--- the end of footplate's log:"; tail -20 "$work/serve.log" 2>/dev/null || true; } >&2
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
until_is() { # STATE LOGIN
	i=0
	until [ "$(fp account state "$2" -q)" = "$1" ]; do
		i=$((i + 1))
		[ "$i" -lt 200 ] || { echo "$2 is not $1" >&2; fp account state "$2" >&2; exit 1; }
		sleep 0.1
	done
	echo "$2 is $1"
}

shared=QUJDREVGR0hJSktMTU5PUFFSU1Q=
identity=YWJjZGVmZ2hpamtsbW5vcHFyc3Q=
cp "$(dirname "$0")"/../sim/data/*_* "$work"
cat >"$work/world" <<EOT
change 24483200
app 440 app_440.vdf change=24480000
app 480 app_480.vdf change=24483107
package 0 package_0.bin change=23321079
accounts bot 47 password=fifty-of-them
account banned1 password=fifty-of-them disabled
account banned2 password=fifty-of-them disabled
account banned3 password=fifty-of-them disabled
account alice password=wonderland guard=device shared=$shared identity=$identity
account bob password=builder guard=email email=QW3RT
key DEMO1-GAME2-KEYS3 package=90002
EOT

"$build/sim/steamsim" --port 0 --tls-dir "$work/tls" --ready-file "$work/sim.ready" --world "$work/world" --poll 200 \
	>/dev/null 2>"$work/sim.log" &
sim=$!
await "$work/sim.ready" "$sim"
steam=$(sed 's|^ready \(https://[^ ]*\) .*|\1|' "$work/sim.ready")

"$build/footplate" serve --data "$work/data" --port 0 --ready-file "$work/ready" --set steam.ca_file="$work/tls/ca.pem" \
	--set steam.directory_url="$steam/ISteamDirectory/GetCMListForConnect/v1/" --set steam.api_url="$steam/api" \
	--set steam.community_url="$steam/community" --set steam.store_url="$steam/store" --set steam.login_url="$steam/login" \
	--set lanes.unsafe=true --set lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0 2>"$work/serve.log" &
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

say "Fifty accounts, from a list with their passwords"
{
	echo login,password
	for n in $(seq -w 1 47); do echo "bot0$n,fifty-of-them"; done
	for n in 1 2 3; do echo "banned$n,fifty-of-them"; done
} >"$work/bots.csv"
show account import "$work/bots.csv" -q >"$work/accounts"
head -1 "$work/accounts"
echo "$(grep -c '^acc_' "$work/accounts") accounts made"

say "A job logs them all on: Steam refuses three, for they are banned; its events as they come"
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
show job tasks "$job" --status failed
[ "$(fp job tasks "$job" --status failed -q | wc -l)" = 3 ]
[ "$(fp job tasks "$job" --status succeeded --limit 100 -q | wc -l)" = 47 ]
[ "$(fp event list --job "$job" --type task.succeeded --limit 500 -q | wc -l)" = 47 ]

say "An account with an authenticator: the secrets of its maFile make the codes"
printf 'login,password\nalice,wonderland\nbob,builder\n' >"$work/people.csv"
printf '{\n  "account_name": "alice",\n  "shared_secret": "%s",\n  "identity_secret": "%s"\n}\n' "$shared" "$identity" >"$work/alice.maFile"
show account import "$work/people.csv"
show account import "$work/alice.maFile"
show account up alice -q
until_is online alice
show account history alice
show account code alice
[ -z "$(fp challenge list --account alice -q)" ]

say "An account whose codes come by e-mail: it waits for a person, and holds nobody up"
show account up bob -q
until_is challenge bob
show challenge list --state open
challenge=$(fp challenge list --state open -q)
echo QW3RT >"$work/code"
echo "\$ footplate challenge answer $challenge <code"
fp challenge answer "$challenge" -q <"$work/code"
until_is online bob
show account list --login bob

say "A key is redeemed, once; it is no argument, and no answer shows it"
echo '{"key":"DEMO1-GAME2-KEYS3"}' >"$work/key.json"
show job run keys.redeem -t alice --payload "@$work/key.json" --wait=30 -q >"$work/job3"
cat "$work/job3"
task=$(fp job tasks "$(tail -1 "$work/job3")" -q)
fp task get "$task" | tee "$work/redeemed" | grep -E '^(action|status|attempt|result)'
grep -q 'result.status *redeemed' "$work/redeemed"

say "How often Steam was asked: log-ons by this address, keys of this account"
show budget list --lane cm.login
show budget list --lane store.redeem

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
