/*
 * kill -9 of the control plane, of two agents, of PostgreSQL (FOOTPLATE_STORE=postgres) and of NATS (KILL9_NATS=1), at random moments
 * and at each failpoint, while jobs of all four classes are submitted and run. The ledger of the simulated Steam is the judge: nothing
 * acknowledged is lost, nothing is done twice. KILL9_POINTS random kills, KILL9_ROUNDS times each failpoint.
 */
#include "tests/system/load.h"
#include "tests/system/nats.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define REACHED_MS 180000 /* until an armed failpoint is passed; an account that was fenced rests for a while */

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

enum victim { SERVER, AGENT_0, AGENT_1, DATABASE, BELLS, VICTIMS };

struct kill9 {
	struct rig rig;
	struct load load;
	struct nats_server nats;
	bool has_nats;
	enum victim may[VICTIMS];
	unsigned may_n;
	unsigned kills[VICTIMS], reached;
};

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=6000",
	"--set", "engine.heartbeat_ms=500", "--set", "lanes.unsafe=true", "--set", LOAD_LANES, NULL };
static const char *const agent_args[] = { "--log-level", "warn", "--set", "lanes.unsafe=true", "--set", LOAD_LANES,
	NULL };

static void start(struct kill9 *k, enum victim who)
{
	if (who == SERVER)
		rig_serve(&k->rig, serve_args);
	else if (who == DATABASE)
		pg_start(&k->rig.pg, NULL);
	else if (who == BELLS)
		nats_start(&k->nats, 0);
	else
		rig_agent(&k->rig, who - AGENT_0, NULL, agent_args);
}

static void kill_and_start(struct kill9 *k, enum victim who)
{
	bool waits = who == SERVER || who == DATABASE; /* a client has nobody to talk to */

	if (waits)
		pthread_rwlock_wrlock(&k->load.url);
	if (who == DATABASE)
		pg_kill9(&k->rig.pg);
	else if (who == BELLS)
		nats_kill9(&k->nats);
	else
		rig_stop(who == SERVER ? &k->rig.server : &k->rig.agents[who - AGENT_0], SIGKILL);
	start(k, who);
	if (waits)
		pthread_rwlock_unlock(&k->load.url);
	k->kills[who]++;
}

static void random_kills(struct kill9 *k, unsigned points)
{
	for (unsigned i = 0; i < points; i++) {
		rig_sleep_ms(rig_random(250));
		kill_and_start(k, k->may[rig_random(k->may_n)]);
		if (i % 50 == 49) {
			printf("%u random kills, %u jobs\n", i + 1, k->load.acked);
			fflush(stdout);
		}
	}
}

/* ---- the failpoints ---- */

static const struct {
	const char *name;
	enum victim who;
	unsigned passes; /* it dies at one of so many */
} points[] = {
	{ "peer.before_dispatch", SERVER, 6 },
	{ "peer.before_effect_ok", SERVER, 4 },
	{ "peer.before_result_ack", SERVER, 6 },
	{ "journal.after_sync", AGENT_0, 6 },
	{ "journal.before_sync", AGENT_0, 6 },
	{ "uplink.before_result", AGENT_0, 6 },
	{ "outcome.lapse", SERVER, 3 },
	{ "work.before_effect", AGENT_0, 3 },
	{ "work.after_effect", AGENT_0, 6 },
	{ "writer.after_commit", SERVER, 30 },
	{ "writer.before_begin", SERVER, 30 },
	{ "writer.before_commit", SERVER, 30 },
};

/* Both agents can be the one that gets there: which has the accounts is not known. */
static bool is_victim(size_t i, enum victim who)
{
	return points[i].who == SERVER ? who == SERVER : who == AGENT_0 || who == AGENT_1;
}

static pid_t *pid_of(struct kill9 *k, enum victim who)
{
	return who == SERVER ? &k->rig.server : &k->rig.agents[who - AGENT_0];
}

/* The environment is changed while the load's thread, which reads it, waits. */
static void restart(struct kill9 *k, size_t i, const char *armed)
{
	pthread_rwlock_wrlock(&k->load.url);
	if (armed)
		setenv("FOOTPLATE_FAILPOINT", armed, 1);
	for (enum victim who = SERVER; who < DATABASE; who++) {
		if (!is_victim(i, who))
			continue;
		rig_stop(pid_of(k, who), SIGKILL);
		start(k, who);
	}
	unsetenv("FOOTPLATE_FAILPOINT");
	pthread_rwlock_unlock(&k->load.url);
}

static bool is_dead(struct kill9 *k, size_t i)
{
	int status = 0;

	for (enum victim who = SERVER; who < DATABASE; who++) {
		pid_t *pid = pid_of(k, who);
		if (!is_victim(i, who) || waitpid(*pid, &status, WNOHANG) == 0)
			continue;
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		*pid = 0;
		return true;
	}
	return false;
}

/* The victim is started anew with its failpoint armed, dies of it, and is started again. */
static void die_at(struct kill9 *k, size_t i)
{
	char armed[96];

	snprintf(armed, sizeof(armed), "%s:kill:%u", points[i].name,
		points[i].passes + rig_random(points[i].passes));
	restart(k, i, armed);
	for (int waited = 0; !is_dead(k, i); waited += 5) {
		if (waited > REACHED_MS) {
			fprintf(stderr, "%s was not reached\n", armed);
			exit(1);
		}
		rig_sleep_ms(5);
	}
	restart(k, i, NULL);
	k->reached++;
}

/* A start that died at one of these is finished by the next. */
static void die_while_starting(struct kill9 *k, const char *armed)
{
	char data[96], port[16] = "0";
	int status = 0;

	snprintf(data, sizeof(data), "%s/data", k->rig.dir);
	const char *argv[40] = { getenv("FOOTPLATE"), "serve", "--data", data, "--port", port };
	for (size_t n = 6, i = 0; serve_args[i]; i++)
		argv[n++] = serve_args[i];
	if (*k->rig.pg.url)
		setenv("DATABASE_URL", k->rig.pg.url, 1);
	setenv("FOOTPLATE_FAILPOINT", armed, 1);
	pid_t pid = rig_spawn(&k->rig, "serve", argv);
	unsetenv("FOOTPLATE_FAILPOINT");
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	k->reached++;
}

static void who_may_die(struct kill9 *k)
{
	for (enum victim who = SERVER; who < DATABASE; who++)
		k->may[k->may_n++] = who;
	if (*k->rig.pg.url)
		k->may[k->may_n++] = DATABASE;
	k->has_nats = getenv("KILL9_NATS") != NULL;
	if (!k->has_nats)
		return;
	k->may[k->may_n++] = BELLS;
	nats_start(&k->nats, 0);
	setenv("NATS_URL", k->nats.url, 1);
}

int main(void)
{
	struct kill9 k = { 0 };
	unsigned rounds = env_unsigned("KILL9_ROUNDS", 1);

	rig_init(&k.rig);
	who_may_die(&k);
	load_sim(&k.rig, NULL);
	die_while_starting(&k, "migrate.before_step:kill:4");
	die_while_starting(&k, "audit.before_adopt:kill:1");
	rig_serve(&k.rig, serve_args);
	json_t *region = rig_expect(&k.rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	rig_agent(&k.rig, 0, json_str(region, "id"), agent_args);
	rig_agent(&k.rig, 1, json_str(region, "id"), agent_args);
	rig_await_agents(&k.rig, 2);
	json_decref(region);
	load_init(&k.load, &k.rig);
	load_start(&k.load);
	for (unsigned round = 0; round < rounds; round++)
		for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
			die_at(&k, i);
	random_kills(&k, env_unsigned("KILL9_POINTS", 12));
	load_stop(&k.load);
	printf("killed: control plane %u, agents %u, database %u, NATS %u; failpoints %u\n", k.kills[SERVER],
		k.kills[AGENT_0] + k.kills[AGENT_1], k.kills[DATABASE], k.kills[BELLS], k.reached);
	struct load_verdict v = load_judge(&k.load);
	CHECK(v.lost == 0 && v.doubled == 0);
	load_done(&k.load);
	rig_check_events(&k.rig);
	rig_check_audit(&k.rig);
	rig_done(&k.rig);
	if (k.has_nats)
		nats_done(&k.nats);
	return 0;
}
