#!/bin/sh
# The long runs: soak.sh BUILD, or ONLY=name soak.sh BUILD. The same programs as in `make test`, at full size. Ends with "N passed, N failed".
cd "$(dirname "$0")/.." || exit 2
build=$(cd "${1:-build}" && pwd) || exit 2
export FOOTPLATE="$build/footplate" STEAMSIM="$build/sim/steamsim" WARP_SHIM="$build/tests/system/libwarp_shim.so" SYNC_SHIM="$build/tests/system/libsync_shim.so" RESOLVE_SHIM="$build/tests/system/libresolve_shim.so" POWER_SHIM="$build/tests/system/libpower_shim.so"
passed=0
failed=0

# part NAME WHAT VARIABLE=VALUE... PROGRAM...
part() {
	name=$1
	what=$2
	shift 2
	[ -z "${ONLY:-}" ] || [ "$ONLY" = "$name" ] || return
	echo "--- $name: $what"
	began=$(date +%s)
	if env "$@"; then
		passed=$((passed + 1))
		echo "ok   $name in $(($(date +%s) - began)) s"
	else
		failed=$((failed + 1))
		echo "FAIL $name in $(($(date +%s) - began)) s"
	fi
}
system="$build/tests/system"

part sim "${SIM_SEEDS:-100000} simulated histories, each invariant" "$build/proof/footplate-sim" --seeds "1..${SIM_SEEDS:-100000}" --all
part plants "planted bugs are caught by the simulation" python3 proof/plants.py "$build"
part holes "planted holes in who may do what are seen" python3 tools/plant_access.py "$build"
part model "the lease protocol in spin, three faults" FAULTS=3 LIVE=1 tools/check_model.sh
part kill9 "kill -9 at random points and at each failpoint" KILL9_POINTS="${KILL9_POINTS:-1500}" KILL9_ROUNDS="${KILL9_ROUNDS:-20}" "$system/kill9_system"
part kill9pg "the same on PostgreSQL with NATS" FOOTPLATE_STORE=postgres KILL9_NATS=1 KILL9_POINTS="${KILL9_POINTS:-2500}" KILL9_ROUNDS="${KILL9_ROUNDS:-20}" "$system/kill9_system"
part fetch "a depot of 10 GiB fetched while the agent is killed 20 times; one of 1 GiB while the power is cut" FETCH_MIB="${FETCH_MIB:-10240}" FETCH_KILLS="${FETCH_KILLS:-20}" FETCH_CUT_MIB="${FETCH_CUT_MIB:-1024}" FETCH_CUTS="${FETCH_CUTS:-10}" "$system/fetch_system"
part kek "keys rotated and 20,000 secrets moved under kill -9" KEK_ROWS="${KEK_ROWS:-20000}" KEK_KILLS="${KEK_KILLS:-200}" "$system/kek_system"
part kekpg "the same on PostgreSQL" FOOTPLATE_STORE=postgres KEK_ROWS="${KEK_ROWS:-20000}" KEK_KILLS="${KEK_KILLS:-60}" "$system/kek_system"
part triggers "kill -9 while triggers fire" TRIGGERS_KILLS="${TRIGGERS_KILLS:-100}" "$system/triggers_system"
part triggers "kill -9 of the control plane that looks at the triggers, of three" TRIGGERS_KILLS="${TRIGGERS_CLUSTER_KILLS:-10}" "$system/triggers_cluster_system"
part database "PostgreSQL dies 500 times under load, takes no writes, is slow" DATABASE_KILLS="${DATABASE_KILLS:-500}" "$system/database_system"
part chaos "a load through a bad network" CHAOS_SECONDS="${CHAOS_SECONDS:-180}" "$system/chaos_system"
part partition "an agent cut off for 120 s in the middle of an effect" PARTITION_S="${PARTITION_S:-120}" PARTITION_WARP="${PARTITION_WARP:-1}" "$system/partition_system"
part clocks "clocks that are set, programs that stand still for 60 s" CLOCKS_WARP=1 CLOCKS_STOP_S=60 "$system/clocks_system"
part disk "a full disk, a disk that does not sync" "$system/disk_system"
part package "packages of twice 4.5 GiB, read by other programs" PACKAGE_MIB="${PACKAGE_MIB:-4608}" "$build/tests/package_test"
part recovery "ready again with 100,000 open tasks; 100 killed agents" RECOVERY_OPEN="${RECOVERY_OPEN:-100000}" RECOVERY_KILLS="${RECOVERY_KILLS:-100}" "$system/recovery_system"
part crash "200 kills while 1,000 jobs run" CRASH_JOBS=1000 CRASH_KILLS=200 "$system/crash_system"
part audit "100,000 single changes of an audit trail" VERIFY_CHANGES="${VERIFY_CHANGES:-100000}" "$build/tests/verify_test"
part keys "10,000 keys with kills" KEYS_TOTAL="${KEYS_TOTAL:-10000}" KEYS_KILLS="${KEYS_KILLS:-100}" "$system/keys_system"
part updates "2,000 watched titles, read whole and by their numbers" UPDATES_TITLES="${UPDATES_TITLES:-2000}" "$system/updates_system"
part takeover "webhooks go on when the control plane that sends them ends" "$system/takeover_system"
part updates_follow "a day of changes followed, with gaps, coalescing and kills" UPDATES_HOURS="${UPDATES_HOURS:-24}" UPDATES_ROUNDS="${UPDATES_ROUNDS:-144}" UPDATES_APPS="${UPDATES_APPS:-500}" "$system/updates_follow_system"
part webhooks "5,000 events to a webhook, 50 kills" WEBHOOK_EVENTS="${WEBHOOK_EVENTS:-5000}" WEBHOOK_KILLS="${WEBHOOK_KILLS:-50}" "$system/webhooks_system"
part downloads "downloads while the server is killed" DOWNLOADS_FEW="${DOWNLOADS_FEW:-50}" DOWNLOADS_KILLS="${DOWNLOADS_KILLS:-5}" "$system/downloads_system"
part remote "an agent without the store's disk, both ends killed 8 times while it brings 64 MiB" REMOTE_MIB="${REMOTE_MIB:-64}" REMOTE_KILLS="${REMOTE_KILLS:-8}" "$system/remote_system"
part fleet "500 accounts" FLEET_ACCOUNTS="${FLEET_ACCOUNTS:-500}" "$system/fleet_system"
part storm "1,000 agents come back within 10 s" STORM_AGENTS="${STORM_AGENTS:-1000}" STORM_MS="${STORM_MS:-10000}" "$system/storm_system"
part cluster "three control planes under load, killed and restarted" CLUSTER_MS="${CLUSTER_MS:-20000}" "$system/cluster_system"
part schedules "a schedule through 100 kills" SCHEDULE_KILLS="${SCHEDULE_KILLS:-100}" "$system/schedules_system"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
