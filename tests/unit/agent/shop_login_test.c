/*
 * A login at a store that is made of a code, and renewed: against the simulated stores' own desks, which take each refresh token once. What was given last is on the
 * disk before it is used, over restarts and failures; a refusal is told, and not asked for again and again; nothing of it stands in a log.
 */
#include "agent/shop_login.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/loop.h"
#include "sim/faults.h"
#include "sim/load.h"
#include "sim/web/site.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR      (clock_mono_ms() + 20000)
#define SHORT_MS 50

static struct sim sim;
static char tmp[] = "/tmp/shop_login_test.XXXXXX", dir[64], epic_url[128], gog_url[128], said[65536];
static uint8_t secret[SHOP_TOKEN_KEY] = { 9 };
static struct hush client = { (uint8_t *)(uintptr_t) "client-secret", 13 };
static const struct hush nothing;

static void remember(void *ctx, const char *line, size_t n)
{
	(void)ctx;
	size_t at = strlen(said);
	if (at + n < sizeof(said))
		snprintf(said + at, sizeof(said) - at, "%.*s", (int)n, line);
}
static const struct log loud = { .write = remember, .now_ms = clock_wall_ms, .level = LOG_LEVEL_DEBUG };
static const struct log quiet = { .write = remember, .now_ms = clock_wall_ms, .level = LOG_LEVEL_ERROR };

static struct hush hush(const char *s) { return (struct hush){ (uint8_t *)(uintptr_t)s, strlen(s) }; }

static char told[512]; /* what is told of the logins, a word each */
static void tell(void *ctx, const char *name, int state, const char *why)
{
	size_t at = strlen(told);

	CHECK(ctx == told && !strcmp(name, "epic") == !strstr(name, "gog") &&
		(state == SHOP_LOGIN_WANTED) == !!why);
	snprintf(told + at, sizeof(told) - at, "%s ", state == SHOP_LOGIN_WANTED ? "wanted" : "held");
}

static struct shop_login *begin(enum shop_token_form form, const char *refresh, const char *access)
{
	const struct hush first = hush(refresh), now = hush(access);
	const bool epic = form == SHOP_TOKEN_EPIC;
	const struct shop_login_conf conf = { .name = epic ? "epic" : "gog",
		.url = epic ? epic_url : gog_url,
		.dir = dir,
		.secret = secret,
		.log = &loud,
		.form = form,
		.client_id = "the-client",
		.redirect = "https://embed.gog.com/on_login_success?origin=client",
		.tell = tell,
		.ctx = told,
		.client_secret = &client,
		.refresh = &first,
		.access = *access ? &now : &nothing,
		.refused_ms = SHORT_MS * 4,
		.away_ms = SHORT_MS };
	struct shop_login *l = NULL;
	struct fault f = { 0 };

	CHECK(shop_login_new(&conf, &l, &f) == RC_OK);
	return l;
}

static enum rc ask(struct shop_login *l, const char *refused, char ret[static 128])
{
	const struct hush no = hush(refused ? refused : "");
	struct hush token = { 0 };
	struct fault f = { 0 };

	enum rc rc = shop_login_token(l, refused ? &no : NULL, FAR, &token, &f);
	snprintf(ret, 128, "%.*s", (int)token.n, token.p ? (const char *)token.p : "");
	CHECK((rc == RC_OK) == (token.n > 0) && (rc == RC_OK || *f.text));
	CHECK(!strstr(f.text, "refresh-one") && !strstr(f.text, "client-secret"));
	hush_done(&token);
	return rc;
}

static void gives(struct shop_login *l, const char *refused, const char *want)
{
	char got[128];
	CHECK(ask(l, refused, got) == RC_OK);
	CHECK_STR(got, want);
}

static void world(const char *line)
{
	struct fault f = { 0 };
	CHECK(sim_shops_line(&sim, line, &f) == RC_OK);
}

#define EPIC "epic token=acc refresh=refresh-one client=the-client secret=client-secret lasts="
#define GOG  "gog token=acc refresh=refresh-one client=the-client secret=client-secret lasts="

static void drop(const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s.login", dir, name);
	unlink(path);
}

/* Both desks: begun with a refresh token, over restarts, and when the store refuses what it gave. */
static void renewed(enum shop_token_form form)
{
	world(form == SHOP_TOKEN_EPIC ? EPIC "3600" : GOG "3600");
	struct shop_login *l = begin(form, "refresh-one", "");
	gives(l, NULL, "acc-1");
	gives(l, NULL, "acc-1");  /* it holds: nobody is asked */
	gives(l, "acc", "acc-1"); /* another was refused meanwhile */
	gives(l, "acc-1", "acc-2");
	shop_login_free(l);
	l = begin(form, "refresh-one", ""); /* what it began with is worth nothing by now */
	gives(l, NULL, "acc-2");
	gives(l, "acc-2", "acc-3");
	shop_login_free(l);

	/* A token of the configuration is used until it is refused. */
	drop(form == SHOP_TOKEN_EPIC ? "epic" : "gog");
	world(form == SHOP_TOKEN_EPIC ? EPIC "3600" : GOG "3600");
	l = begin(form, "refresh-one", "acc");
	gives(l, NULL, "acc");
	gives(l, "acc", "acc-1");
	shop_login_free(l);
	drop(form == SHOP_TOKEN_EPIC ? "epic" : "gog");
}

/* It is over before long: then it is renewed beforehand. */
static void expires(void)
{
	world(EPIC "30");
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	char got[128];
	enum rc rc = ask(l, NULL, got); /* less than SHOP_LOGIN_SPARE_MS: no good for a question that takes long */
	CHECK(rc == RC_DENIED);
	shop_login_free(l);
	drop("epic");
	world(EPIC "62");
	l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	gives(l, NULL, "acc-1");
	usleep(2100000);
	gives(l, NULL, "acc-2");
	shop_login_free(l);
	drop("epic");
}

static void refused(void)
{
	char got[128];

	world(EPIC "3600");
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "another", "");
	CHECK(ask(l, NULL, got) == RC_DENIED);
	CHECK(ask(l, NULL, got) == RC_DENIED); /* it rests */
	shop_login_free(l);
	l = begin(SHOP_TOKEN_EPIC, "refresh-one", ""); /* a new one is configured: what was kept does not count */
	gives(l, NULL, "acc-1");
	shop_login_free(l);
	world("epic token=new refresh=later client=the-client secret=client-secret");
	l = begin(SHOP_TOKEN_EPIC, "later", "");
	gives(l, NULL, "new-1");
	shop_login_free(l);
	drop("epic");
}

/* The disk fails between the answer and its use: nothing of it is used, and it is not lost. */
static void cannot_be_kept(void)
{
	char got[128], path[200];

	world(EPIC "3600");
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	snprintf(path, sizeof(path), "%s/epic.login", dir);
	CHECK(mkdir(path, 0700) == 0); /* a folder stands in its place */
	CHECK(ask(l, NULL, got) != RC_OK);
	usleep(SHORT_MS * 2000);
	CHECK(ask(l, NULL, got) != RC_OK);
	CHECK(rmdir(path) == 0);
	usleep(SHORT_MS * 2000);
	gives(l, NULL, "acc-1"); /* the first answer's: the desk was asked once */
	shop_login_free(l);
	l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	gives(l, "acc-1", "acc-2");
	shop_login_free(l);

	/* What another agent has sealed is not taken; nor is a broken file. */
	secret[0] ^= 1;
	world(EPIC "3600");
	l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	gives(l, NULL, "acc-1");
	shop_login_free(l);
	secret[0] ^= 1;
	drop("epic");
}

static enum rc bring(struct shop_login *l, const char *code, bool want_lost, const char *says)
{
	const struct hush h = hush(code);
	struct fault f = { 0 };
	bool lost = !want_lost;
	enum rc rc = shop_login_redeem(l, &h, FAR, &lost, &f);

	CHECK(lost == want_lost && strstr(f.text, says) && !strstr(f.text, code));
	return rc;
}

static void is_told(const char *want)
{
	CHECK_STR(told, want);
	*told = 0;
}

static char *kept_path(const char *name)
{
	static char path[200];
	snprintf(path, sizeof(path), "%s/%s.login", dir, name);
	return path;
}

static char *before_path(void)
{
	static char path[100];
	snprintf(path, sizeof(path), "%s/before", dir);
	return path;
}

#define CODES " codes=code-a,code-b,code-c"

/* Nobody has logged in: a person is wanted; their code makes a login, once, that outlives a restart and renews itself. */
static void by_a_code(enum shop_token_form form)
{
	const bool epic = form == SHOP_TOKEN_EPIC;
	char got[128];

	world(epic ? EPIC "3600" CODES : GOG "3600" CODES);
	struct shop_login *l = begin(form, "", "");
	shop_login_look(l);
	is_told("wanted ");
	CHECK(ask(l, NULL, got) == RC_DENIED && ask(l, NULL, got) == RC_DENIED);
	is_told("wanted "); /* it rests */
	CHECK(!shop_login_renews(l));
	CHECK(bring(l, "code-x", false, "bring the new one") == RC_DENIED);
	CHECK(bring(l, "code-a", false, "") == RC_OK);
	is_told("held ");
	CHECK(shop_login_renews(l));
	gives(l, NULL, "acc-1"); /* at once: what was refused before does not rest any more */
	CHECK(bring(l, "code-a", false, "bring the new one") == RC_DENIED);
	gives(l, NULL, "acc-1");    /* a code that is refused takes nothing away, */
	gives(l, "acc-1", "acc-2"); /* nor does its refusal rest */
	is_told("");
	shop_login_free(l);
	l = begin(form, "", "");
	shop_login_look(l);
	is_told("held ");
	shop_login_look(l); /* of another connection */
	is_told("held ");
	gives(l, "acc-2", "acc-3");
	is_told("");
	CHECK(bring(l, "code-b", false, "") == RC_OK); /* another person, another login */
	gives(l, NULL, "acc-4");
	shop_login_free(l);
	drop(epic ? "epic" : "gog");
	*told = 0;
}

static void said_why(void)
{
	world(EPIC "3600" CODES);
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(bring(l, "other.code", false, "another client") == RC_DENIED);
	CHECK(bring(l, "terms.code", false, "agree to new terms") == RC_DENIED);
	shop_login_free(l);
	world("epic token=a refresh=r client=the-client secret=another codes=code-a");
	l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(bring(l, "code-a", false, "settings of client") == RC_DENIED);
	shop_login_free(l);
}

static void fault_line(const char *line)
{
	struct fault f = { 0 };

	faults_clear(&sim.faults);
	CHECK(!line || faults_add(&sim.faults, line, &f) == RC_OK);
}

/* The answer is lost: nobody knows, and it is said so. When nothing went out, it is known. */
static void lost(void)
{
	static const char *const ways[] = { "epic_token@*:commit_then_reset", "epic_token@*:commit_then_5xx",
		"epic_token@*:http=502" };
	char was[sizeof(epic_url)];

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		world(EPIC "3600" CODES);
		fault_line(ways[i]);
		struct shop_login *l = begin(SHOP_TOKEN_EPIC, "", "");
		CHECK(bring(l, "code-a", true, "") == RC_AWAY);
		CHECK(access(kept_path("epic"), F_OK) != 0);
		fault_line(NULL);
		CHECK(bring(l, "code-b", false, "") == RC_OK);
		shop_login_free(l);
		drop("epic");
	}
	world(EPIC "3600" CODES);
	snprintf(was, sizeof(was), "%s", epic_url);
	snprintf(epic_url, sizeof(epic_url), "http://127.0.0.1:9/epic/account/api/oauth/token");
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(bring(l, "code-a", false, "") == RC_AWAY);
	shop_login_free(l);
	snprintf(epic_url, sizeof(epic_url), "%s", was);
	*told = 0;
}

/* The disk fails after the exchange: the code is used up, and the login is not lost while the agent lives. */
static void not_kept(void)
{
	world(EPIC "3600" CODES);
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(mkdir(kept_path("epic"), 0700) == 0);
	CHECK(bring(l, "code-a", false, "") != RC_OK);
	is_told("");
	CHECK(rmdir(kept_path("epic")) == 0);
	usleep(SHORT_MS * 2000);
	gives(l, NULL, "acc-1");
	is_told("held ");
	shop_login_free(l);
	drop("epic");
}

/* The agent was killed after a renewal and before it was kept: what it has is refused, a person is wanted, and a code mends it. */
static void killed_between(void)
{
	char got[128];

	world(EPIC "3600" CODES);
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(bring(l, "code-a", false, "") == RC_OK);
	struct shop_login *other = begin(SHOP_TOKEN_EPIC, "", ""); /* has what the disk has */
	gives(other, NULL, "acc-1");
	*told = 0;
	CHECK(rename(kept_path("epic"), before_path()) == 0);
	gives(l, "acc-1", "acc-2");
	CHECK(rename(before_path(), kept_path("epic")) == 0); /* as if it had not been written */
	shop_login_free(l);
	CHECK(ask(other, "acc-1", got) == RC_DENIED);
	is_told("wanted ");
	shop_login_free(other);
	l = begin(SHOP_TOKEN_EPIC, "", "");
	CHECK(ask(l, "acc-1", got) == RC_DENIED);
	is_told("wanted ");
	CHECK(bring(l, "code-b", false, "") == RC_OK);
	gives(l, NULL, "acc-3");
	is_told("held ");
	shop_login_free(l);
	drop("epic");
}

static void *many(void *arg)
{
	gives(arg, NULL, "acc-1");
	return NULL;
}

/* Many ask at once: the desk is asked once, or the second would be refused. */
static void at_once(void)
{
	pthread_t each[16];

	world(GOG "3600");
	struct shop_login *l = begin(SHOP_TOKEN_GOG, "refresh-one", "");
	for (int i = 0; i < 16; i++)
		CHECK(pthread_create(&each[i], NULL, many, l) == 0);
	for (int i = 0; i < 16; i++)
		CHECK(pthread_join(each[i], NULL) == 0);
	shop_login_free(l);
	drop("gog");
}

static void not_answered(void)
{
	char got[128];
	const char *was = strdup(epic_url);

	world(EPIC "3600");
	snprintf(epic_url, sizeof(epic_url), "http://127.0.0.1:9/epic/account/api/oauth/token");
	struct shop_login *l = begin(SHOP_TOKEN_EPIC, "refresh-one", "");
	CHECK(ask(l, NULL, got) == RC_AWAY);
	snprintf(epic_url, sizeof(epic_url), "%s", was);
	usleep(SHORT_MS * 2000);
	gives(l, NULL, "acc-1");
	shop_login_free(l);
	free((char *)(uintptr_t)was);
	drop("epic");
}

static void needs_a_client(void)
{
	const struct hush refresh = hush("r");
	struct shop_login_conf conf = {
		.name = "gog", .refresh = &refresh, .client_secret = &nothing, .access = &nothing
	};
	struct shop_login *l = NULL;
	struct fault f = { 0 };

	CHECK(shop_login_new(&conf, &l, &f) == RC_INVALID && strstr(f.text, "agent.gog_client_id"));
}

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

int main(void)
{
	struct fault f = { 0 };
	struct loop *loop;
	struct site *site;
	pthread_t thread;
	char path[100];

	CHECK(mkdtemp(tmp));
	snprintf(dir, sizeof(dir), "%s/agent", tmp);
	snprintf(path, sizeof(path), "%s/world", tmp);
	CHECK(file_write(path, "change 1\n", 9, 0600, &f) == RC_OK && sim_load(&sim, path, &f) == RC_OK);
	CHECK(loop_new(&quiet, &loop, &f) == RC_OK);
	const struct site_conf conf = { .sim = &sim, .host = "127.0.0.1", .cms = 1, .plain_port = 0, .content = 1 };
	CHECK(site_new(loop, &conf, &site, &f) == RC_OK);
	CHECK(pthread_create(&thread, NULL, run_loop, loop) == 0);
	snprintf(epic_url, sizeof(epic_url), "http://127.0.0.1:%u/epic/account/api/oauth/token",
		site_plain_port(site));
	snprintf(gog_url, sizeof(gog_url), "http://127.0.0.1:%u/gog/token", site_plain_port(site));
	needs_a_client();
	renewed(SHOP_TOKEN_EPIC);
	renewed(SHOP_TOKEN_GOG);
	*told = 0;
	by_a_code(SHOP_TOKEN_EPIC);
	by_a_code(SHOP_TOKEN_GOG);
	said_why();
	lost();
	not_kept();
	killed_between();
	expires();
	refused();
	cannot_be_kept();
	at_once();
	not_answered();
	CHECK(strstr(said, "login renewed") && strstr(said, "login not renewed"));
	CHECK(strstr(said, "logged in by a code") && !strstr(said, "code-a") && !strstr(said, "code-x"));
	CHECK(!strstr(said, "refresh-one") && !strstr(said, "acc-1") && !strstr(said, "client-secret"));
	loop_stop(loop);
	pthread_join(thread, NULL);
	site_free(site);
	loop_free(loop);
	sim_done(&sim);
	snprintf(path, sizeof(path), "rm -r %s", tmp);
	CHECK(system(path) == 0);
	return 0;
}
