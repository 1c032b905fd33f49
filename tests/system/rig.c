#include "tests/system/rig.h"
#include "tests/system/canary.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t dice;

uint32_t rig_random(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return dice % below;
}

void rig_sleep_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

void rig_init(struct rig *r)
{
	const char *seed = getenv("RIG_SEED");

	*r = (struct rig){ 0 };
	dice = seed ? (uint32_t)strtoul(seed, NULL, 10) : (uint32_t)time(NULL) * 2654435761u;
	dice += dice == 0;
	printf("RIG_SEED=%u\n", dice);
	fflush(stdout);
	signal(SIGPIPE, SIG_IGN);
	snprintf(r->dir, sizeof(r->dir), "/tmp/footplate-test-XXXXXX");
	CHECK(mkdtemp(r->dir) != NULL);
	const char *store = getenv("FOOTPLATE_STORE");
	CHECK(!store || !strcmp(store, "postgres") || !strcmp(store, "sqlite"));
	if (store && !strcmp(store, "postgres"))
		pg_start(&r->pg, NULL);
}

pid_t rig_spawn(struct rig *r, const char *name, const char *const *argv)
{
	char log[128];
	snprintf(log, sizeof(log), "%s/%s.log", r->dir, name);
	pid_t parent = getpid(), pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	if (r->preload && (getenv("WARP") || !strcmp(name, "serve")))
		setenv("LD_PRELOAD", r->preload, 1); /* its full path */
	execv(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static void print_log(const struct rig *r, const char *name)
{
	char path[128], line[1024];
	snprintf(path, sizeof(path), "%s/%s.log", r->dir, name);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

static void print_logs(const struct rig *r)
{
	char command[160];
	snprintf(command, sizeof(command), "tail -n 30 %s/*.log >&2", r->dir);
	CHECK(system(command) == 0);
}

char *rig_await_file(struct rig *r, const char *name, pid_t writer)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	for (int i = 0; i < 6000; i++) {
		FILE *f = fopen(path, "r");
		if (f) {
			char *text = calloc(1, 4096);
			size_t n = fread(text, 1, 4095, f);
			fclose(f);
			if (n)
				return text;
			free(text);
		}
		if (writer && waitpid(writer, NULL, WNOHANG) == writer) {
			fprintf(stderr, "%s: its writer ended before it was there\n", name);
			print_logs(r);
			exit(1);
		}
		rig_sleep_ms(10);
	}
	fprintf(stderr, "%s did not appear\n", path);
	exit(1);
}

static void read_key(struct rig *r)
{
	char *key = rig_await_file(r, "data/admin.key", 0);
	snprintf(r->key, sizeof(r->key), "%s", key);
	canary_add("the first key", r->key);
	free(key);
}

void rig_serve(struct rig *r, const char *const *more)
{
	const char *argv[RIG_ARGS_MAX] = { getenv("FOOTPLATE") };
	char data[96], ready[96], port[16] = "0";
	size_t n = 1;

	CHECK(argv[0] != NULL);
	snprintf(data, sizeof(data), "%s/data", r->dir);
	snprintf(ready, sizeof(ready), "%s/ready", r->dir);
	unlink(ready);
	if (*r->url)
		snprintf(port, sizeof(port), "%s", strrchr(r->url, ':') + 1);
	const char *ours[] = { "serve", "--data", data, "--port", port, "--ready-file", ready };
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		argv[n++] = ours[i];
	for (; more && *more; more++) {
		CHECK(n < RIG_ARGS_MAX - 1);
		argv[n++] = *more;
	}
	if (*r->pg.url)
		setenv("DATABASE_URL", r->pg.url, 1);
	r->server = rig_spawn(r, "serve", argv);
	char *text = rig_await_file(r, "ready", r->server);
	json_t *j = json_loads(text, 0, NULL);
	CHECK(j != NULL);
	snprintf(r->url, sizeof(r->url), "%s", json_str(j, "url"));
	json_decref(j);
	free(text);
	read_key(r);
}

void rig_stop(pid_t *pid, int sig)
{
	int status = 0;
	if (*pid <= 0)
		return;
	kill(*pid, sig);
	CHECK(waitpid(*pid, &status, 0) == *pid);
	if (sig != SIGKILL && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
		fprintf(stderr, "a program did not end well: status %x\n", status);
		exit(1);
	}
	*pid = 0;
}

void rig_done(struct rig *r)
{
	char command[128];
	pid_t server = r->server;
	unsigned found = canary_look_process(server);

	for (unsigned i = 0; i < RIG_AGENTS_MAX; i++)
		found += canary_look_process(r->agents[i]);
	rig_stop(&r->agent, SIGTERM);
	for (unsigned i = 0; i < RIG_AGENTS_MAX; i++)
		rig_stop(&r->agents[i], SIGTERM);
	if (server) {
		int status = 0;
		kill(server, SIGTERM);
		waitpid(server, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			print_log(r, "serve");
			fprintf(stderr, "the server did not end well: status %x\n", status);
			exit(1);
		}
	}
	rig_stop(&r->sim, SIGTERM);
	found += canary_look_folder(r->dir);
	if (*r->pg.dir)
		found += canary_look_folder(r->pg.dir);
	pg_done(&r->pg);
	if (r->warp)
		munmap(r->warp, sizeof(*r->warp));
	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	CHECK(system(command) == 0);
	if (found) {
		fprintf(stderr, "the test left %u secrets in the clear\n", found);
		exit(1);
	}
}

/* ---- the simulator, more agents, faster time ---- */

static void write_file(const struct rig *r, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fchmod(fileno(f), 0600) == 0 && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void name_site(const char *setting, const char *url, const char *path)
{
	char text[300];
	snprintf(text, sizeof(text), "%s%s", url, path);
	setenv(setting, text, 1);
}

void rig_sim(struct rig *r, const char *world, const char *const *more)
{
	char path[96], ready[96], tls[96], url[100];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/world", r->dir);
	snprintf(ready, sizeof(ready), "%s/sim.ready", r->dir);
	snprintf(tls, sizeof(tls), "%s/tls", r->dir);
	write_file(r, "world", world);
	canary_add_world(world);
	const char *argv[RIG_ARGS_MAX] = { getenv("STEAMSIM"), "--port", "0", "--plain-port", "0", "--tls-dir", tls,
		"--world", path, "--ready-file", ready, "--log-level", "warn" };
	CHECK(argv[0] != NULL);
	while (argv[n])
		n++;
	for (; more && *more; more++) {
		CHECK(n < RIG_ARGS_MAX - 1);
		argv[n++] = *more;
	}
	r->sim = rig_spawn(r, "sim", argv);
	char *text = rig_await_file(r, "sim.ready", r->sim);
	CHECK(sscanf(text, "ready %99s ca=%127s plain=%127s", url, r->sim_ca, r->sim_url) == 3);
	free(text);
	name_site("FOOTPLATE_STEAM__DIRECTORY_URL", url, "/ISteamDirectory/GetCMListForConnect/v1/");
	setenv("FOOTPLATE_STEAM__CA_FILE", r->sim_ca, 1);
	name_site("FOOTPLATE_STEAM__API_URL", url, "/api");
	name_site("FOOTPLATE_STEAM__COMMUNITY_URL", url, "/community");
	name_site("FOOTPLATE_STEAM__STORE_URL", url, "/store");
	name_site("FOOTPLATE_STEAM__LOGIN_URL", url, "/login");
}

static struct http_answer sim_call(const struct rig *r, const char *method, const char *path, const char *body)
{
	char url[512];
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	snprintf(url, sizeof(url), "%s%s", r->sim_url, path);
	const struct http_ask ask = { .method = method,
		.url = url,
		.body = body,
		.body_n = body ? strlen(body) : 0,
		.deadline_ms = 60000,
		.body_max = 256 << 20 };
	if (http_call(&ask, &a, &f) != RC_OK || a.status / 100 != 2) {
		fprintf(stderr, "steamsim %s %s: %d %s %s\n", method, path, a.status, f.text, buf_text(&a.body));
		exit(1);
	}
	return a;
}

json_t *rig_sim_get(const struct rig *r, const char *path)
{
	struct http_answer a = sim_call(r, "GET", path, NULL);
	json_t *j = json_loadb((char *)a.body.p, a.body.n, 0, NULL);
	CHECK(j != NULL);
	http_answer_done(&a);
	return j;
}

void rig_sim_clear(const struct rig *r)
{
	struct http_answer a = sim_call(r, "DELETE", "/sim/faults", NULL);
	http_answer_done(&a);
}

void rig_sim_post(const struct rig *r, const char *path) { rig_sim_say(r, path, NULL); }

void rig_sim_say(const struct rig *r, const char *path, const char *body)
{
	struct http_answer a = sim_call(r, "POST", path, body);
	http_answer_done(&a);
}

static void write_token(const struct rig *r, const char *name, const char *region_id)
{
	char body[96];
	snprintf(body, sizeof(body), "{\"regionId\":\"%s\"}", region_id);
	json_t *token = rig_expect(r, 201, "POST", "/v1/agents/enrollments", body);
	write_file(r, name, json_str(token, "token"));
	json_decref(token);
}

void rig_agent(struct rig *r, unsigned i, const char *region_id, const char *const *more)
{
	char data[96], token[96], name[32];
	size_t n = 0;

	CHECK(i < RIG_AGENTS_MAX);
	snprintf(name, sizeof(name), "token-%u", i);
	snprintf(data, sizeof(data), "%s/agent-%u", r->dir, i);
	snprintf(token, sizeof(token), "%s/%s", r->dir, name);
	if (region_id)
		write_token(r, name, region_id);
	snprintf(name, sizeof(name), "agent-%u", i);
	const char *argv[RIG_ARGS_MAX] = { getenv("FOOTPLATE"), "agent", "run", "--server",
		*r->agent_url ? r->agent_url : r->url, "--data", data, "--token-file", token };
	while (argv[n])
		n++;
	for (; more && *more; more++) {
		CHECK(n < RIG_ARGS_MAX - 1);
		argv[n++] = *more;
	}
	r->agents[i] = rig_spawn(r, name, argv);
}

void rig_await_agents(const struct rig *r, unsigned n)
{
	for (int tries = 0; tries < 3000; tries++) {
		json_t *agents = rig_expect(r, 200, "GET", "/v1/agents?limit=100", NULL), *a;
		size_t i;
		unsigned up = 0;
		json_array_foreach(json_object_get(agents, "items"), i, a) up +=
			json_is_true(json_object_get(a, "connected"));
		json_decref(agents);
		if (up >= n)
			return;
		rig_sleep_ms(20);
	}
	fprintf(stderr, "%u agents did not connect\n", n);
	exit(1);
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct warp_time *begin_warp(struct rig *r)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/warp", r->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && ftruncate(fd, sizeof(struct warp_time)) == 0);
	struct warp_time *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(w != MAP_FAILED);
	close(fd);
	w->scale = 1;
	w->true_from = w->mono_from = clock_ns(CLOCK_MONOTONIC);
	w->real_from = clock_ns(CLOCK_REALTIME);
	setenv("WARP", path, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	r->preload = getenv("WARP_SHIM");
	CHECK(r->preload != NULL);
	return w;
}

void rig_warp(struct rig *r, unsigned scale)
{
	if (!r->warp)
		r->warp = begin_warp(r);
	struct warp_time *w = r->warp;
	w->turn++;
	int64_t now = clock_ns(CLOCK_MONOTONIC), passed = (now - w->true_from) * w->scale;
	w->true_from = now;
	w->mono_from += passed;
	w->real_from += passed;
	w->scale = scale;
	w->turn++;
}

void rig_set_clock(struct rig *r, int by_s)
{
	r->warp->turn++;
	r->warp->real_from += (int64_t)by_s * 1000000000;
	r->warp->turn++;
}

struct rig_answer rig_call(
	const struct rig *r, const char *method, const char *path, const char *headers, const char *body)
{
	struct http_call_header h[16] = { { "Authorization", NULL } };
	char url[512], bearer[96], lines[1024];
	struct rig_answer ret = { 0 };
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	size_t n = 1;

	canary_add_asked(method, path, body);
	snprintf(url, sizeof(url), "%s%s", r->url, path);
	snprintf(bearer, sizeof(bearer), "Bearer %s", r->key);
	h[0].value = bearer;
	if (body)
		h[n++] = (struct http_call_header){ "Content-Type", "application/json" };
	snprintf(lines, sizeof(lines), "%s", headers ? headers : "");
	for (char *save, *l = strtok_r(lines, "\n", &save); l && n < 15; l = strtok_r(NULL, "\n", &save)) {
		char *colon = strstr(l, ": ");
		CHECK(colon != NULL);
		*colon = 0;
		if (!strcasecmp(l, "Authorization"))
			h[0].value = colon + 2;
		else
			h[n++] = (struct http_call_header){ l, colon + 2 };
	}
	const struct http_ask ask = { .method = method,
		.url = url,
		.headers = h,
		.body = body,
		.body_n = body ? strlen(body) : 0,
		.deadline_ms = 120000,
		.tls_ca = r->ca,
		.body_max = 64 << 20 };
	enum rc rc = http_call(&ask, &a, &f);
	ret.status = rc == RC_OK ? a.status : -1;
	if (rc == RC_OK) {
		ret.text = strdup(buf_text(&a.body));
		canary_add_answered(ret.text);
		ret.body = json_loadb((char *)a.body.p, a.body.n, 0, NULL);
		ret.raw = a;
	}
	return ret;
}

void rig_answer_done(struct rig_answer *a)
{
	json_decref(a->body);
	free(a->text);
	http_answer_done(&a->raw);
	*a = (struct rig_answer){ 0 };
}

const char *rig_header(const struct rig_answer *a, const char *name)
{
	const char *v = http_call_header_of(&a->raw, name);
	return v ? v : "";
}

json_t *rig_expect(const struct rig *r, int status, const char *method, const char *path, const char *body)
{
	struct rig_answer a = rig_call(r, method, path, NULL, body);
	if (a.status != status) {
		fprintf(stderr, "%s %s: %d, not %d: %s\n", method, path, a.status, status, a.text ? a.text : "");
		exit(1);
	}
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

json_t *rig_post_job(const struct rig *r, const char *body)
{
	char header[64];
	snprintf(header, sizeof(header), "Idempotency-Key: %08x%08x%08x", rig_random(UINT32_MAX),
		rig_random(UINT32_MAX), (unsigned)clock());
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", header, body);
	if (a.status != 201) {
		fprintf(stderr, "POST /v1/jobs: %d: %s\n", a.status, a.text ? a.text : "");
		exit(1);
	}
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

const char *rig_sql(const struct rig *r, const char *sql)
{
	static char line[1024];
	char command[2048];

	if (*r->pg.url)
		snprintf(command, sizeof(command), "psql -qAt '%s' -c \"%s\"", r->pg.url, sql);
	else
		snprintf(command, sizeof(command), "sqlite3 -cmd '.timeout 10000' %s/data/footplate.db \"%s\"",
			r->dir, sql);
	FILE *f = popen(command, "re");
	CHECK(f != NULL);
	if (!fgets(line, sizeof(line), f))
		*line = 0;
	CHECK(pclose(f) == 0);
	line[strcspn(line, "\n")] = 0;
	return line;
}

int rig_connect(const struct rig *r)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(strrchr(r->url, ':') + 1)) };
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

static const json_t *at_path(const json_t *j, const char *path)
{
	char copy[128];
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *save, *p = strtok_r(copy, ".", &save); p && j; p = strtok_r(NULL, ".", &save))
		j = json_object_get(j, p);
	return j;
}

const char *json_str(const json_t *j, const char *path)
{
	const char *s = json_string_value(at_path(j, path));
	return s ? s : "";
}

int64_t json_int(const json_t *j, const char *path) { return json_integer_value(at_path(j, path)); }
