/*
 * Planted secrets: passwords, authenticator secrets, a Guard code that a person types, a key, a proxy's password. All are used for real;
 * then none of them, and no token of Steam's, is anywhere it does not belong: not in the databases and journals, logs, answers of the
 * API, events, arguments and environments of the programs, on the wire between agent and control plane, or in a core dump.
 */
#include "tests/system/recorder.h"
#include "tests/system/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD_1 "plAnted-Passw0rd-One!"
#define PASSWORD_2 "plAnted-Passw0rd-Two!"
#define SHARED     "cGxhbnRlZC1zaGFyZWQtMTIzNDU="
#define IDENTITY   "cGxhbnRlZC1pZGVudGl0eS02Nzg="
#define CODE       "ULIOU" /* no ULID can hold it */
#define KEY        "PLNTD-KEYOF-AGAME"
#define BATCH_KEY  "PLNTD-INABA-TCHOF"
#define WALLET     "PLNTD-WALLE-TCODE"
#define PROXY      "planted-user:planted-proxy-password"

static const char *const planted[] = { PASSWORD_1, PASSWORD_2, SHARED, "planted-shared-12345", IDENTITY,
	"planted-identity-678", CODE, KEY, BATCH_KEY, WALLET, PROXY, "planted-proxy-password",
	/* the beginnings of a JSON Web Token: {"typ" and { "typ" */
	"eyJ0eXAi", "eyAidHlwIjog", NULL };

static const char world[] =
	"change 5000\n"
	"account planted1 password=" PASSWORD_1 " shared=" SHARED " identity=" IDENTITY " guard=device\n"
	"account planted2 password=" PASSWORD_2 " guard=email email=" CODE "\n"
	"key " KEY " package=501\n"
	"key " BATCH_KEY " package=502\n"
	"key " WALLET " package=0 kind=wallet cents=500\n";

struct plant {
	struct rig rig;
	struct recorder rec;
	unsigned found;
	char account[2][64], egress[64], region[64], job[2][64], batch[64];
};

static void look(struct plant *t, const char *where, const void *p, size_t n)
{
	for (size_t i = 0; planted[i]; i++)
		if (n && memmem(p, n, planted[i], strlen(planted[i]))) {
			fprintf(stderr, "%s holds %s\n", where, planted[i]);
			t->found++;
		}
}

static void look_file(struct plant *t, const char *path)
{
	struct buf b = { 0 };
	char bytes[65536];
	size_t n;
	FILE *f = fopen(path, "r");

	while (f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_put(&b, bytes, n);
	if (f)
		fclose(f);
	look(t, path, b.p, b.n);
	buf_done(&b);
}

/* What the test itself wrote is left out. */
static void look_folder(struct plant *t, const char *path)
{
	char below[512];
	DIR *d = opendir(path);
	struct stat st;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (*e->d_name == '.' || !strcmp(e->d_name, "world") || !strncmp(e->d_name, "sim", 3))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (stat(below, &st) == 0 && S_ISDIR(st.st_mode))
			look_folder(t, below);
		else
			look_file(t, below);
	}
	if (d)
		closedir(d);
}

static void look_process(struct plant *t, pid_t pid)
{
	static const char *const files[] = { "cmdline", "environ", "comm" };
	char path[64];
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		look_file(t, path);
	}
}

/* ---- what a core would hold ---- */

static void look_at(struct plant *t, int fd, const char *what, uint64_t from, uint64_t to)
{
	size_t n = (size_t)(to - from);
	char *p = n < 1u << 30 ? malloc(n) : NULL;
	ssize_t got = p ? pread(fd, p, n, (off_t)from) : 0;

	if (got > 0)
		look(t, what, p, (size_t)got);
	if (p)
		explicit_bzero(p, n); /* not to be found by the next look at this program */
	free(p);
}

/*
 * All memory of a process that a forced core dump would have: mappings that can be read, but for those that are kept out of one
 * (VmFlags: dd). Only root may look; false: it may not. ASAN's shadow is left out.
 */
static bool look_memory(struct plant *t, const char *name, pid_t pid)
{
	char path[64], line[512], what[160];
	unsigned long from = 0, to = 0;
	bool readable = false;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (fd >= 0 && maps && fgets(line, sizeof(line), maps)) {
		char rights[8] = "";
		unsigned long a, b;
		if (sscanf(line, "%lx-%lx %7s", &a, &b, rights) == 3) {
			from = a, to = b;
			readable = *rights == 'r' && rights[1] == 'w';
		} else if (!strncmp(line, "VmFlags:", 8) && readable && !strstr(line, " dd")) {
			snprintf(what, sizeof(what), "the memory of %s (%lx-%lx)", name, from, to);
			look_at(t, fd, what, from, to);
		}
	}
	if (maps)
		fclose(maps);
	if (fd >= 0)
		close(fd);
	return fd >= 0 && maps;
}

/* ---- using them ---- */

static json_t *call(struct plant *t, int status, const char *method, const char *path, const char *body)
{
	struct rig_answer a = rig_call(&t->rig, method, path, NULL, body);
	if (a.status != status) {
		fprintf(stderr, "%s %s: %d, not %d: %s\n", method, path, a.status, status, a.text ? a.text : "");
		exit(1);
	}
	look(t, path, a.text, strlen(a.text));
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

static void put_secret(struct plant *t, const char *kind, const char *id, const char *name, const char *value)
{
	char path[160], body[160];
	snprintf(path, sizeof(path), "/v1/%s/%s/%s", kind, id, name);
	snprintf(body, sizeof(body), "{\"value\":\"%s\"}", value);
	json_decref(call(t, 204, "PUT", path, body));
}

static void make_account(struct plant *t, unsigned i, const char *login)
{
	char body[160];
	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", login);
	json_t *a = call(t, 201, "POST", "/v1/accounts", body);
	snprintf(t->account[i], sizeof(t->account[i]), "%s", json_str(a, "id"));
	json_decref(a);
}

static void want_online(struct plant *t, unsigned i)
{
	char path[160];
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", t->account[i]);
	json_decref(call(t, 200, "PUT", path, "{\"mode\":\"online\"}"));
}

static void await_state(struct plant *t, unsigned i, const char *state)
{
	char path[160], now[64] = "";
	snprintf(path, sizeof(path), "/v1/accounts/%s/session", t->account[i]);
	for (int tries = 0; tries < 1500; tries++) {
		json_t *s = call(t, 200, "GET", path, NULL);
		snprintf(now, sizeof(now), "%s", json_str(s, "state"));
		json_decref(s);
		if (!strcmp(now, state))
			return;
		rig_sleep_ms(20);
	}
	fprintf(stderr, "account %u is %s, not %s\n", i, now, state);
	exit(1);
}

static void answer_challenge(struct plant *t)
{
	char path[160];
	json_t *open = NULL, *c = NULL;
	for (int tries = 0; tries < 500 && !c; tries++) { /* it is an event after the state's */
		json_decref(open);
		rig_sleep_ms(tries ? 10 : 0);
		open = call(t, 200, "GET", "/v1/challenges?state=open", NULL);
		c = json_array_get(json_object_get(open, "items"), 0);
	}
	CHECK(c && !strcmp(json_str(c, "kind"), "guard_email"));
	snprintf(path, sizeof(path), "/v1/challenges/%s/answer", json_str(c, "id"));
	json_decref(open);
	json_decref(call(t, 200, "POST", path, "{\"code\":\"" CODE "\"}"));
}

static void run_job(struct plant *t, unsigned i, const char *action, const char *payload)
{
	char body[300], path[160];
	snprintf(body, sizeof(body), "{\"action\":\"%s\",\"targets\":[\"%s\"],\"payload\":%s}", action,
		t->account[0], payload);
	json_t *job = rig_post_job(&t->rig, body);
	snprintf(t->job[i], sizeof(t->job[i]), "%s", json_str(job, "id"));
	json_decref(job);
	snprintf(path, sizeof(path), "/v1/jobs/%s", t->job[i]);
	for (int tries = 0; tries < 1500; tries++) {
		job = call(t, 200, "GET", path, NULL);
		bool over = *json_str(job, "finishedAt"), ok = !strcmp(json_str(job, "status"), "succeeded");
		json_decref(job);
		if (over && !ok) {
			snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", t->job[i]);
			struct rig_answer a = rig_call(&t->rig, "GET", path, NULL, NULL);
			fprintf(stderr, "%s did not succeed: %s\n", action, a.text);
			exit(1);
		}
		if (over)
			return;
		rig_sleep_ms(20);
	}
	fprintf(stderr, "%s did not end\n", action);
	exit(1);
}

/* A key of a batch, one of which nothing comes, and one that is no key. */
static void run_batch(struct plant *t)
{
	char body[400], path[160];
	snprintf(body, sizeof(body),
		"{\"keys\":[{\"key\":\"" BATCH_KEY "\",\"name\":\"planted\"},{\"key\":\"" KEY
		"\"}],\"candidates\":{\"accounts\":[\"%s\"]},\"start\":true}",
		t->account[1]);
	struct rig_answer a = rig_call(&t->rig, "POST", "/v1/key-batches", "Idempotency-Key: planted", body);
	CHECK(a.status == 201);
	look(t, "the batch", a.text, strlen(a.text));
	snprintf(t->batch, sizeof(t->batch), "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	/* What cannot be read is not repeated, either. */
	a = rig_call(&t->rig, "POST", "/v1/key-batches", "Idempotency-Key: planted-2",
		"{\"keys\":[{\"key\":\"" BATCH_KEY " x\"}],\"candidates\":{\"allAccounts\":true}}");
	CHECK(a.status == 422 || a.status == 400);
	look(t, "the refusal", a.text, strlen(a.text));
	rig_answer_done(&a);
	snprintf(path, sizeof(path), "/v1/key-batches/%s", t->batch);
	for (int tries = 0; tries < 1500; tries++) {
		json_t *b = call(t, 200, "GET", path, NULL);
		bool done = !strcmp(json_str(b, "status"), "done");
		int64_t good = json_int(b, "counts.redeemed"), used = json_int(b, "counts.usedElsewhere");
		json_decref(b);
		if (done) {
			CHECK(good == 1 && used == 1);
			return;
		}
		rig_sleep_ms(20);
	}
	fprintf(stderr, "the batch did not end\n");
	exit(1);
}

/* ---- reading everything that can be read ---- */

/* The id that stands for {…} after this part of a path; NULL: the test has none. */
static const char *id_after(const struct plant *t, const char *part)
{
	const struct {
		const char *part, *id;
	} known[] = { { "/v1/accounts/", t->account[0] }, { "/v1/jobs/", t->job[0] },
		{ "/v1/egresses/", t->egress }, { "/v1/regions/", t->region }, { "/v1/key-batches/", t->batch },
		{ "/v1/actions/", "keys.redeem" } };
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].part, part))
			return known[i].id;
	return NULL;
}

static unsigned read_all(struct plant *t)
{
	json_t *doc = call(t, 200, "GET", "/v1/openapi.json", NULL), *ops;
	const char *path;
	unsigned n = 0;

	json_object_foreach(json_object_get(doc, "paths"), path, ops)
	{
		char url[256], part[128];
		const char *brace = strchr(path, '{');
		if (!json_object_get(ops, "get") || strstr(path, "tunnel"))
			continue;
		snprintf(url, sizeof(url), "%s", path);
		if (brace) {
			snprintf(part, sizeof(part), "%.*s", (int)(brace - path), path);
			const char *end = strchr(brace, '}'), *id = id_after(t, part);
			if (!id || strchr(end, '{'))
				continue;
			snprintf(url, sizeof(url), "%s%s%s", part, id, end + 1);
		}
		struct rig_answer a = rig_call(&t->rig, "GET", url, NULL, NULL);
		if (a.text)
			look(t, url, a.text, strlen(a.text));
		n += a.status == 200;
		rig_answer_done(&a);
	}
	json_decref(doc);
	return n;
}

static void read_events(struct plant *t)
{
	char path[200] = "/v1/events?limit=500";
	for (size_t n = 1; n;) {
		json_t *page = call(t, 200, "GET", path, NULL);
		n = json_array_size(json_object_get(page, "items"));
		snprintf(path, sizeof(path), "/v1/events?limit=500&after=%s", json_str(page, "nextCursor"));
		json_decref(page);
	}
}

/* Ends a program the way that leaves a core dump, where one is left at all. */
static void no_core(pid_t *pid)
{
	int status;
	kill(*pid, SIGSEGV);
	CHECK(waitpid(*pid, &status, 0) == *pid);
	if (WIFSIGNALED(status) && WCOREDUMP(status)) {
		fprintf(stderr, "a core dump was written\n");
		exit(1);
	}
	*pid = 0;
}

static void fill(struct plant *t)
{
	make_account(t, 0, "planted1");
	make_account(t, 1, "planted2");
	put_secret(t, "accounts", t->account[0], "secrets/password", PASSWORD_1);
	put_secret(t, "accounts", t->account[0], "secrets/shared_secret", SHARED);
	put_secret(t, "accounts", t->account[0], "secrets/identity_secret", IDENTITY);
	put_secret(t, "accounts", t->account[1], "secrets/password", PASSWORD_2);
	json_t *e = call(t, 201, "POST", "/v1/egresses",
		"{\"name\":\"planted\",\"kind\":\"socks5\",\"address\":\"127.0.0.1:9\"}");
	snprintf(t->egress, sizeof(t->egress), "%s", json_str(e, "id"));
	json_decref(e);
	put_secret(t, "egresses", t->egress, "secret", PROXY);
}

static void use(struct plant *t)
{
	want_online(t, 0);
	await_state(t, 0, "online");
	want_online(t, 1);
	await_state(t, 1, "challenge");
	answer_challenge(t);
	await_state(t, 1, "online");
	run_job(t, 0, "keys.redeem", "{\"key\":\"" KEY "\"}");
	run_job(t, 1, "wallet.redeem", "{\"code\":\"" WALLET "\"}");
	run_batch(t);
}

int main(void)
{
	static const char *const serve[] = { "--no-agent", "--log-level", "debug", "--set", "lanes.unsafe=true",
		"--set", "lanes.limits=cm.login=0,cm.login.account=0", NULL };
	static const char *const agent[] = { "--log-level", "debug", NULL };
	struct plant t = { 0 };
	char url[128];
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	bool cores = setrlimit(RLIMIT_CORE, &unlimited) == 0;

	rig_init(&t.rig);
	rig_sim(&t.rig, world, NULL);
	setenv("ASAN_OPTIONS", "handle_segv=0:allow_user_segv_handler=0:disable_coredump=0", 1);
	rig_serve(&t.rig, serve);
	memcpy(url, t.rig.url, sizeof(url));
	recorder_start(&t.rec, (uint16_t)atoi(strrchr(url, ':') + 1));
	json_t *region = rig_expect(&t.rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	snprintf(t.region, sizeof(t.region), "%s", json_str(region, "id"));
	json_decref(region);
	char through[128];
	snprintf(through, sizeof(through), "http://127.0.0.1:%d", t.rec.port);
	memcpy(t.rig.agent_url, through, sizeof(through));
	rig_agent(&t.rig, 0, t.region, agent);
	rig_await_agents(&t.rig, 1);
	fill(&t);
	use(&t);
	unsigned routes = read_all(&t);
	CHECK(routes > 20);
	read_events(&t);
	look_process(&t, t.rig.server);
	look_process(&t, t.rig.agents[0]);
	bool seen = look_memory(&t, "the control plane", t.rig.server);
	no_core(&t.rig.agents[0]);
	no_core(&t.rig.server);
	look_folder(&t, t.rig.dir);
	if (*t.rig.pg.dir)
		look_folder(&t, t.rig.pg.dir);
	recorder_stop(&t.rec);
	for (size_t i = 0; planted[i]; i++)
		if (recorder_has(&t.rec, planted[i])) {
			fprintf(stderr, "the tunnel showed %s\n", planted[i]);
			t.found++;
		}
	CHECK(recorder_has(&t.rec, "keys.redeem")); /* it does see what passes */
	recorder_done(&t.rec);
	printf("%u routes read; core dumps %s; memory %s\n", routes,
		cores ? "allowed, none written" : "not allowed here",
		seen ? "looked at" : "not looked at: that needs root");
	rig_done(&t.rig);
	CHECK(t.found == 0);
	return 0;
}
