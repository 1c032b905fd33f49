#include "tests/system/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES    1500 /* of 20 ms: a failure, not a measure */
#define TEXT_MAX 4096

#define LANE(id, name, ...) name "=0,"
static const char no_limits[] =
#include "model/lanes.def"
	"";
#undef LANE

void client_keep(struct client *c, const char *name, const char *text)
{
	CHECK(json_object_set_new(c->names, name, json_string(text)) == 0);
}

const char *client_known(const struct client *c, const char *name)
{
	const char *s = json_string_value(json_object_get(c->names, name));
	if (!s) {
		fprintf(stderr, "nothing is known as %s\n", name);
		_exit(1); /* without the leaks of what was under way */
	}
	return s;
}

/* Puts what is known in the place of its names, and " in that of '. */
static const char *fill(const struct client *c, const char *from, char to[static TEXT_MAX])
{
	char name[64];
	size_t n = 0;

	while (from && *from && n < TEXT_MAX - 200) {
		if (*from != '@') {
			to[n++] = *from == '\'' ? '"' : *from;
			from++;
			continue;
		}
		size_t k = strspn(from + 1, "abcdefghijklmnopqrstuvwxyz0123456789_.");
		CHECK(k > 0 && k < sizeof(name));
		snprintf(name, sizeof(name), "%.*s", (int)k, from + 1);
		n += (size_t)snprintf(to + n, TEXT_MAX - n, "%s", client_known(c, name));
		CHECK(n < TEXT_MAX);
		from += k + 1;
	}
	to[n] = 0;
	return to;
}

/* ---- what is expected ---- */

static bool holds(const json_t *got, const json_t *want);

static bool holds_somewhere(const json_t *list, const json_t *want)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (holds(json_array_get(list, i), want))
			return true;
	return false;
}

static bool holds_list(const json_t *got, const json_t *want)
{
	const char *first = json_string_value(json_array_get(want, 0));
	bool some = first && !strcmp(first, "..."), none = first && !strcmp(first, "!");

	if (!json_is_array(got) || (!some && !none && json_array_size(got) != json_array_size(want)))
		return false;
	for (size_t i = some || none; i < json_array_size(want); i++)
		if (none       ? holds_somewhere(got, json_array_get(want, i))
			: some ? !holds_somewhere(got, json_array_get(want, i))
			       : !holds(json_array_get(got, i), json_array_get(want, i)))
			return false;
	return true;
}

static bool holds(const json_t *got, const json_t *want)
{
	const char *name;
	json_t *v;

	if (json_is_array(want))
		return holds_list(got, want);
	if (!json_is_object(want))
		return json_equal(got, want);
	json_object_foreach(
		(json_t *)(uintptr_t)want, name, v) if (!holds(json_object_get(got, name), v)) return false;
	return json_is_object(got);
}

static void print(const char *what, const json_t *j)
{
	char *text = j ? json_dumps(j, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	fprintf(stderr, "  %s: %.1000s\n", what, text ? text : "nothing");
	free(text);
}

/* Goes down to where it differs. */
static void tell(const json_t *got, const json_t *want)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)want, name,
		v) if (json_is_object(got) && !holds(json_object_get(got, name), v))
	{
		fprintf(stderr, "  in %s\n", name);
		tell(json_object_get(got, name), v);
		return;
	}
	for (size_t i = 0; json_array_size(got) == json_array_size(want) && i < json_array_size(want); i++)
		if (!holds(json_array_get(got, i), json_array_get(want, i))) {
			fprintf(stderr, "  in %zu\n", i);
			tell(json_array_get(got, i), json_array_get(want, i));
			return;
		}
	print("wanted", want);
	print("got", got);
}

static _Noreturn void fail(const struct client *c, const struct step *s, const json_t *got)
{
	char text[TEXT_MAX];
	json_t *want = json_loads(fill(c, s->out, text), JSON_DECODE_ANY, NULL);

	fprintf(stderr, "%s: %s %s\n", s->who ? s->who : "-", s->what ? s->what : "", s->in ? s->in : "");
	if (s->kind == STEP_STATE)
		print("its session", got);
	if (want)
		tell(s->kind == STEP_DRY ? json_object_get(got, "would") : got, want);
	else
		print(*text ? text : "this does not do", got);
	_exit(1); /* without the leaks of what was under way */
}

static bool fits(const struct client *c, const struct step *s, const json_t *got)
{
	char text[TEXT_MAX];

	if (!s->out)
		return true;
	json_t *want = json_loads(fill(c, s->out, text), JSON_DECODE_ANY, NULL);
	if (!want)
		fail(c, s, NULL);
	bool good = holds(got, want);
	json_decref(want);
	return good;
}

static void keep_last(struct client *c, json_t *answer)
{
	json_decref(c->last);
	c->last = answer;
}

static void must_fit(struct client *c, const struct step *s, json_t *got)
{
	keep_last(c, got);
	if (!fits(c, s, got))
		fail(c, s, got);
}

/* ---- accounts ---- */

static const char *id_of(const struct client *c, const char *who)
{
	char name[64];
	snprintf(name, sizeof(name), "%s.id", who);
	return client_known(c, name);
}

static void make_account(struct client *c, const struct step *s)
{
	char body[TEXT_MAX], name[64];

	if (s->in)
		fill(c, s->in, body);
	else
		snprintf(body, sizeof(body), "{\"login\":\"%s\"}", s->who);
	json_t *a = rig_expect(&c->rig, 201, "POST", "/v1/accounts", body);
	snprintf(name, sizeof(name), "%s.id", s->who);
	client_keep(c, name, json_str(a, "id"));
	json_decref(a);
}

static void put_secret(struct client *c, const struct step *s)
{
	char path[160], body[TEXT_MAX], value[TEXT_MAX];

	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/%s", id_of(c, s->who), s->what);
	snprintf(body, sizeof(body), "{\"value\":\"%.3000s\"}", fill(c, s->in, value));
	json_decref(rig_expect(&c->rig, 204, "PUT", path, body));
}

static void want(struct client *c, const struct step *s)
{
	char path[160], body[TEXT_MAX];

	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", id_of(c, s->who));
	snprintf(body, sizeof(body), "{\"mode\":\"%s\"%s}", s->what, s->in ? s->in : "");
	json_decref(rig_expect(&c->rig, 200, "PUT", path, body));
}

static void await_state(struct client *c, const struct step *s)
{
	char path[160];

	snprintf(path, sizeof(path), "/v1/accounts/%s/session", id_of(c, s->who));
	for (int i = 0; i < TRIES; i++) {
		keep_last(c, rig_expect(&c->rig, 200, "GET", path, NULL));
		if (!strcmp(json_str(c->last, "state"), s->what) && fits(c, s, c->last))
			return;
		rig_sleep_ms(20);
	}
	fail(c, s, c->last);
}

static json_t *open_challenge(struct client *c, const char *account, const char *kind)
{
	json_t *all = rig_expect(&c->rig, 200, "GET", "/v1/challenges?state=open", NULL), *found = NULL, *at;
	size_t i;

	json_array_foreach(json_object_get(all, "items"), i, at)
	{
		if (!strcmp(json_str(at, "accountId"), account) && !strcmp(json_str(at, "kind"), kind))
			found = json_incref(at);
	}
	json_decref(all);
	return found;
}

static void challenge(struct client *c, const struct step *s)
{
	char path[160], body[TEXT_MAX];
	json_t *found = NULL;

	for (int i = 0; i < TRIES && !found; i++) {
		found = open_challenge(c, id_of(c, s->who), s->what);
		if (!found)
			rig_sleep_ms(20);
	}
	must_fit(c, s, found);
	if (!found)
		fail(c, s, NULL);
	if (!s->in)
		return;
	snprintf(path, sizeof(path), "/v1/challenges/%s/answer", json_str(found, "id"));
	json_decref(rig_expect(&c->rig, 200, "POST", path, fill(c, s->in, body)));
}

/* ---- actions ---- */

/* The task of a job, when it is over. */
static json_t *run(struct client *c, const struct step *s, bool dry)
{
	char body[2 * TEXT_MAX], payload[TEXT_MAX], path[160], target[96] = "";

	if (s->who)
		snprintf(target, sizeof(target), "\"targets\":[\"%s\"],", id_of(c, s->who));
	snprintf(body, sizeof(body), "{\"action\":\"%s\",%s\"payload\":%s,\"maxAttempts\":1%s}", s->what, target,
		s->in ? fill(c, s->in, payload) : "{}", dry ? ",\"dryRun\":true" : "");
	json_t *job = rig_post_job(&c->rig, body), *task = NULL;
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", json_str(job, "id"));
	json_decref(job);
	for (int i = 0; i < 10 * TRIES && !task; i++) {
		json_t *tasks = rig_expect(&c->rig, 200, "GET", path, NULL);
		json_t *one = json_array_get(json_object_get(tasks, "items"), 0);
		if (*json_str(one, "finishedAt"))
			task = json_incref(one);
		json_decref(tasks);
		if (!task)
			rig_sleep_ms(4);
	}
	if (!task)
		fail(c, s, NULL);
	return task;
}

static json_t *succeed(struct client *c, const struct step *s, bool dry)
{
	char name[80];
	json_t *task = run(c, s, dry);

	if (strcmp(json_str(task, "status"), "succeeded") != 0)
		fail(c, s, task);
	snprintf(name, sizeof(name), "%s%s", dry ? "dry " : "", s->what);
	CHECK(json_object_set_new(c->actions, name, json_true()) == 0);
	json_t *result = json_incref(json_object_get(task, "result"));
	json_decref(task);
	return result;
}

static void until(struct client *c, const struct step *s)
{
	for (int i = 0; i < TRIES / 10; i++) {
		keep_last(c, succeed(c, s, false));
		if (fits(c, s, c->last))
			return;
		rig_sleep_ms(20);
	}
	fail(c, s, c->last);
}

static void refused(struct client *c, const struct step *s)
{
	keep_last(c, run(c, s, false));
	if (strcmp(json_str(c->last, "status"), "failed") != 0 ||
		strcmp(json_str(c->last, "error.code"), s->out) != 0)
		fail(c, s, c->last);
}

static void dry(struct client *c, const struct step *s)
{
	keep_last(c, succeed(c, s, true));
	if (!json_is_true(json_object_get(c->last, "dryRun")) || !fits(c, s, json_object_get(c->last, "would")))
		fail(c, s, c->last);
}

/* ---- steamsim, and what is known ---- */

static void ask_sim(struct client *c, const struct step *s)
{
	char path[TEXT_MAX];

	for (int i = 0; i < TRIES; i++) {
		keep_last(c, rig_sim_get(&c->rig, fill(c, s->what, path)));
		if (fits(c, s, c->last))
			return;
		rig_sleep_ms(20);
	}
	fail(c, s, c->last);
}

/* "offers.0.offerId": members, and elements by their numbers. */
static void keep(struct client *c, const struct step *s)
{
	char path[128];
	const json_t *at = c->last;

	snprintf(path, sizeof(path), "%s", s->in);
	for (char *save, *p = strtok_r(path, ".", &save); p && at; p = strtok_r(NULL, ".", &save))
		at = isdigit((unsigned char)*p) ? json_array_get(at, strtoul(p, NULL, 10)) : json_object_get(at, p);
	if (!json_is_string(at))
		fail(c, s, c->last);
	client_keep(c, s->what, json_string_value(at));
}

static void play(struct client *c, const struct step *s)
{
	char path[TEXT_MAX];

	switch (s->kind) {
	case STEP_ACCOUNT:
		make_account(c, s);
		break;
	case STEP_SECRET:
		put_secret(c, s);
		break;
	case STEP_WANT:
		want(c, s);
		break;
	case STEP_STATE:
		await_state(c, s);
		break;
	case STEP_CHALLENGE:
		challenge(c, s);
		break;
	case STEP_DO:
		must_fit(c, s, succeed(c, s, false));
		break;
	case STEP_UNTIL:
		until(c, s);
		break;
	case STEP_FAIL:
		refused(c, s);
		break;
	case STEP_DRY:
		dry(c, s);
		break;
	case STEP_SIM:
		ask_sim(c, s);
		break;
	case STEP_SIM_DO:
		rig_sim_post(&c->rig, fill(c, s->what, path));
		break;
	case STEP_KEEP:
		keep(c, s);
		break;
	}
}

void client_play(struct client *c, const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play(c, &steps[i]);
}

/* ---- the programs ---- */

static void learn_people(struct client *c)
{
	json_t *people = rig_sim_get(&c->rig, "/sim/people"), *p;
	size_t i;

	json_array_foreach(people, i, p) { client_keep(c, json_str(p, "name"), json_str(p, "steamId")); }
	json_decref(people);
}

void client_start(struct client *c, const char *world, const char *transport, unsigned warp)
{
	/* A lease is real time as well: a slow disk must not end it where time runs faster. */
	const char *const serve[] = { "--no-agent", "--log-level", "warn", warp > 1 ? "--set" : NULL,
		"engine.lease_ms=600000", NULL };
	static const char *const agent[] = { "--log-level", "warn", NULL };
	const char *const sim[] = { "--world", world, "--tcp", "2", "--poll", "50", NULL };
	char key[96];

	*c = (struct client){ .names = json_object(), .actions = json_object() };
	rig_init(&c->rig);
	if (warp > 1)
		rig_warp(&c->rig, warp);
	rig_sim(&c->rig, "", sim);
	snprintf(key, sizeof(key), "%s/tls/tcp.pem", c->rig.dir);
	setenv("FOOTPLATE_STEAM__TRANSPORT", transport, 1);
	setenv("FOOTPLATE_STEAM__PUBLIC_KEY_FILE", key, 1);
	char limits[sizeof(no_limits)];
	snprintf(limits, sizeof(limits), "%.*s", (int)strlen(no_limits) - 1, no_limits);
	setenv("FOOTPLATE_LANES__LIMITS", limits, 1);
	setenv("FOOTPLATE_LANES__UNSAFE", "true", 1);
	rig_serve(&c->rig, serve);
	json_t *region = rig_expect(&c->rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	rig_agent(&c->rig, 0, json_str(region, "id"), agent);
	json_decref(region);
	rig_await_agents(&c->rig, 1);
	learn_people(c);
	client_keep(c, "cmtype", strcmp(transport, "tcp") ? "websockets" : "netfilter");
}

void client_stop(struct client *c, json_t *all)
{
	CHECK(json_object_update(all, c->actions) == 0);
	json_decref(c->names);
	json_decref(c->actions);
	json_decref(c->last);
	rig_done(&c->rig);
}
