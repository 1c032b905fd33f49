/*
 * Every operation, by everyone, on their own and on others' things: the answers are held against what the table of roles and the
 * row of the operation (as OpenAPI shows it) say, worked out here once more. Nobody sees a mark or an id of another tenant.
 */
#include "tests/system/matrix.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct matrix m;
static int bad;

#define BAD(...)                              \
	do {                                  \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr);          \
		if (++bad > 40)               \
			exit(1);              \
	} while (0)

/* ---- scopes and roles, from their tables alone ---- */

static const char *const scopes[] = {
#define SCOPE(name, text, doc) text,
#include "model/scopes.def"
#undef SCOPE
};
#define SCOPES (sizeof(scopes) / sizeof(*scopes))

static const struct role {
	const char *name, *all, *own, *without;
} roles[] = {
#define ROLE(id, name, all, own, without, doc) { name, all, own, without },
#include "model/roles.def"
#undef ROLE
};
#define ROLES (sizeof(roles) / sizeof(*roles))

/* Does one of the words, parted by spaces, give the scope? */
static bool gives(const char *words, const char *scope)
{
	char copy[1024], *save;

	CHECK(strlen(words) < sizeof(copy));
	strcpy(copy, words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		size_t n = strlen(w);
		const char *verb = strchr(scope, ':');
		if (!strcmp(w, "*") || !strcmp(w, "admin:*") || !strcmp(w, scope))
			return true;
		if (w[0] == '*' && !strcmp(w + 1, verb))
			return true;
		if (n > 2 && !strcmp(w + n - 2, ":*") && !strncmp(w, scope, n - 1))
			return true;
	}
	return false;
}

/* ---- who tries ---- */

/* A key that has what a role gives for all things, or (own) what it gives for one's own; and people who have the role itself. */
struct person {
	char name[64], key[2048];
	enum tenant tenant;
	bool all[SCOPES], mine[SCOPES], own, nobody, owner;
};
#define PEOPLE_MAX 64
static struct person people[PEOPLE_MAX];
static size_t people_n;

static void make_key(struct person *p)
{
	char body[4096];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"tenantId\":\"%s\"%s,\"scopes\":[",
		p->name, matrix_tenants[p->tenant], p->own ? ",\"constraints\":{\"own\":true}" : "");
	bool any = false;

	if (p->owner)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "\"admin:*\"");
	for (size_t i = 0; !p->owner && i < SCOPES; i++)
		if (p->own ? p->mine[i] : p->all[i]) {
			n += (size_t)snprintf(body + n, sizeof(body) - n, "%s\"%s\"", any ? "," : "", scopes[i]);
			any = true;
		}
	snprintf(body + n, sizeof(body) - n, "]}");
	json_t *made = rig_expect(&m.rig, 201, "POST", "/v1/api-keys", body);
	snprintf(p->key, sizeof(p->key), "%s", json_str(made, "secret"));
	json_decref(made);
}

static void add_role(const struct role *r, enum tenant t, bool own)
{
	struct person *p = &people[people_n];
	bool any = false;

	*p = (struct person){ .tenant = t, .own = own, .owner = !strcmp(r->all, "admin:*") };
	for (size_t i = 0; i < SCOPES; i++) {
		p->all[i] = !own && gives(r->all, scopes[i]) && !gives(r->without, scopes[i]);
		p->mine[i] = own && gives(r->own, scopes[i]) && !gives(r->without, scopes[i]);
		any |= p->all[i] || p->mine[i];
	}
	if (!any)
		return;
	CHECK(people_n++ < PEOPLE_MAX);
	snprintf(p->name, sizeof(p->name), "%s%s of %s", r->name, own ? " (own)" : "", matrix_tenants[t]);
	make_key(p);
}

/* Somebody who has the role by a binding, and has logged on. */
static void add_user(const struct role *r, enum tenant t)
{
	struct person *p = &people[people_n++];
	struct rig maker = m.rig;
	char body[256];

	CHECK(people_n < PEOPLE_MAX);
	*p = (struct person){ .tenant = t, .owner = !strcmp(r->all, "admin:*") };
	for (size_t i = 0; i < SCOPES; i++) {
		p->all[i] = gives(r->all, scopes[i]) && !gives(r->without, scopes[i]);
		p->mine[i] = gives(r->own, scopes[i]) && !gives(r->without, scopes[i]);
	}
	snprintf(p->name, sizeof(p->name), "a person, %s of %s", r->name, matrix_tenants[t]);
	snprintf(maker.key, sizeof(maker.key), "%s", m.key[t]);
	snprintf(body, sizeof(body), "{\"login\":\"p-%s\",\"password\":\"a long one of x12x\"}", r->name);
	json_t *user = rig_expect(&maker, 201, "POST", "/v1/users", body);
	snprintf(body, sizeof(body), "{\"subjectId\":\"%s\",\"role\":\"%s\"}", json_str(user, "id"), r->name);
	json_decref(rig_expect(&maker, 201, "POST", "/v1/role-bindings", body));
	json_decref(user);
	snprintf(body, sizeof(body), "{\"login\":\"p-%s\",\"password\":\"a long one of x12x\",\"kind\":\"token\"}",
		r->name);
	json_t *in = rig_expect(&m.rig, 200, "POST", "/v1/auth/login", body);
	CHECK(strlen(json_str(in, "accessToken")) < sizeof(p->key));
	snprintf(p->key, sizeof(p->key), "%s", json_str(in, "accessToken"));
	json_decref(in);
}

static void gather(void)
{
	for (size_t i = 0; i < ROLES; i++)
		add_user(&roles[i], BLUE);
	people[people_n++] = (struct person){ .name = "nobody", .nobody = true };
	for (enum tenant t = OWN; t < TENANTS; t++)
		for (size_t i = 0; i < ROLES; i++) {
			add_role(&roles[i], t, false);
			add_role(&roles[i], t, true);
		}
}

/* ---- the operations, as the program shows them ---- */

struct operation {
	const char *op, *path, *scope, *reach, *object;
	char method[8];
	bool lists, narrowed, writes;
	const struct matrix_sample *sample;
};
#define OPERATIONS_MAX 400
static struct operation operations[OPERATIONS_MAX];
static size_t operations_n;

static const struct matrix_sample *sample_of(const char *op)
{
	for (const struct matrix_sample *s = matrix_samples; s->op; s++)
		if (!strcmp(s->op, op))
			return s;
	return NULL;
}

static bool is_open(const char *op)
{
	for (size_t i = 0; matrix_open[i]; i++)
		if (!strcmp(matrix_open[i], op))
			return true;
	return false;
}

/* The row must say what the sample says: whose the thing is cannot be left out, or be said wrongly. */
static void check_row(const struct operation *o)
{
	enum kind first = o->sample->args[0];
	const char *word = matrix_word(first);
	bool theirs = matrix_is_theirs(first);

	if (!*o->reach || !strcmp(o->reach, "none"))
		BAD("%s: its row has no reach", o->op);
	if (is_open(o->op) != !strcmp(o->reach, "open"))
		BAD("%s: is open to everyone, or is not, against the list", o->op);
	if (theirs && strcmp(o->reach, "tenant") != 0 && strcmp(o->reach, "self") != 0)
		BAD("%s: is about a tenant's %s, and its reach is %s", o->op, word, o->reach);
	if (first != K_NONE && !theirs && word && strcmp(o->reach, "shared") != 0 &&
		strcmp(o->reach, "platform") != 0)
		BAD("%s: is about the installation's %s, and its reach is %s", o->op, word, o->reach);
	if (word && strcmp(o->reach, "self") != 0 && strcmp(o->object, word) != 0)
		BAD("%s: its {…} is a %s, and its row says \"%s\"", o->op, word, o->object);
}

static void learn(json_t *openapi)
{
	const char *path, *method;
	json_t *methods, *o;
	size_t samples = 0;

	json_object_foreach(json_object_get(openapi, "paths"), path, methods)
	{
		json_object_foreach(methods, method, o)
		{
			struct operation *to = &operations[operations_n++];
			CHECK(operations_n < OPERATIONS_MAX);
			*to = (struct operation){ .op = json_str(o, "operationId"),
				.path = path,
				.scope = json_str(o, "x-scope"),
				.reach = json_str(o, "x-reach"),
				.object = json_str(o, "x-object"),
				.lists = *json_str(o, "x-lists"),
				.narrowed = json_is_true(json_object_get(o, "x-narrowed")),
				.writes = json_is_true(json_object_get(o, "x-writes")) };
			for (size_t i = 0; method[i]; i++)
				to->method[i] = (char)toupper((unsigned char)method[i]);
			to->sample = sample_of(to->op);
			if (to->sample)
				check_row(to);
			else
				BAD("%s %s (%s): has no sample in matrix_samples.c", to->method, path, to->op);
		}
	}
	for (const struct matrix_sample *s = matrix_samples; s->op; s++, samples++) {
		bool there = false;
		for (size_t i = 0; i < operations_n; i++)
			there |= operations[i].sample == s;
		if (!there)
			BAD("%s: there is no such operation any more", s->op);
	}
	if (bad)
		exit(1);
	printf("%zu operations, %zu people\n", operations_n, people_n);
}

/* ---- what must come of it ---- */

enum verdict { THROUGH, IS_401, IS_403, IS_404 };
static const char *const verdict_words[] = { "let through", "401", "403", "404" };

static size_t scope_of(const char *text)
{
	size_t i = 0;

	while (i < SCOPES && strcmp(scopes[i], text) != 0)
		i++;
	CHECK(i < SCOPES);
	return i;
}

static bool has_theirs(const struct operation *o)
{
	for (size_t i = 0; i < 3; i++)
		if (matrix_is_theirs(o->sample->args[i]))
			return true;
	return false;
}

/* The administrators of the installation reach into other tenants for these, and for nothing else. */
static bool crosses(const struct operation *o, const struct person *p)
{
	static const enum kind kinds[] = { K_API_KEY, K_USER, K_GROUP, K_QUOTA, K_ROLE, K_BINDING };

	for (size_t i = 0; p->tenant == OWN && p->owner && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (o->sample->args[0] == kinds[i])
			return true;
	return false;
}

static enum verdict expected(const struct operation *o, const struct person *p, enum tenant whose)
{
	bool shared = !strcmp(o->reach, "shared"), platform = !strcmp(o->reach, "platform");
	bool all = !*o->scope || p->all[scope_of(o->scope)], own = !all && p->mine[scope_of(o->scope)];

	if (!strcmp(o->reach, "open"))
		return THROUGH;
	if (p->nobody)
		return IS_401;
	if (!all && !own)
		return IS_403;
	if ((platform || (shared && o->writes)) && p->tenant != OWN)
		return IS_403;
	if (own && !*o->object && !o->lists && !o->narrowed)
		return IS_403;
	if (!strcmp(o->reach, "self"))
		return has_theirs(o) ? IS_404 : THROUGH; /* what is there is nobody's of those who try */
	if (has_theirs(o) && whose != p->tenant && !crosses(o, p))
		return IS_404;
	if (own && !strcmp(o->op, "listEvents"))
		return IS_403; /* who sees some things only has to name one, and the sample names none */
	if (own && *o->object)
		return IS_404; /* what is there was made by the owners */
	return THROUGH;
}

/* ---- asking ---- */

static char answer[1 << 20];
static int line = -1;

static void connect_again(void)
{
	if (line >= 0)
		close(line);
	line = rig_connect(&m.rig);
}

static size_t read_more(size_t n)
{
	ssize_t got = read(line, answer + n, sizeof(answer) - 1 - n);
	if (got <= 0)
		return 0;
	answer[n + (size_t)got] = 0;
	return (size_t)got;
}

/* One request on the kept connection; the answer's text is in `answer`, behind its head. Returns the status. */
static int ask(const struct person *p, const char *method, const char *path, const char *more, const char *body)
{
	char text[4096];
	size_t n = 0;
	char *end = NULL;

	snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s", method,
		path, *p->key ? "Authorization: Bearer " : "", p->key, *p->key ? "\r\n" : "", more, strlen(body),
		body);
	if (write(line, text, strlen(text)) != (ssize_t)strlen(text))
		BAD("%s %s: not sent", method, path);
	while (!end || n == 0) {
		size_t got = read_more(n);
		if (!got) {
			connect_again();
			return -1;
		}
		n += got;
		end = strstr(answer, "\r\n\r\n");
	}
	const char *length = strcasestr(answer, "\r\ncontent-length:");
	size_t whole = (size_t)(end - answer) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
	while (n < whole) {
		size_t got = read_more(n);
		CHECK(got);
		n += got;
	}
	int status = atoi(answer + 9);
	bool closes = strcasestr(answer, "\r\nconnection: close") || strcasestr(answer, "text/event-stream");
	memmove(answer, end + 4, n - (size_t)(end + 4 - answer) + 1);
	if (closes)
		connect_again();
	return status;
}

static void path_of(const struct operation *o, enum tenant whose, enum tenant second, char to[static 512])
{
	size_t n = 0, arg = 0;

	for (const char *s = o->path; *s && n < 500; s++) {
		if (*s != '{') {
			to[n++] = *s;
			continue;
		}
		enum kind k = arg < 3 ? o->sample->args[arg] : K_NONE;
		if (k == K_NONE)
			BAD("%s: its sample is shorter than its path", o->op);
		n += (size_t)snprintf(to + n, 500 - n, "%s", m.id[arg ? second : whose][k]);
		arg++;
		s += strcspn(s, "}");
	}
	snprintf(to + n, 512 - n, "%s", o->sample->query ? o->sample->query : "");
}

/* Nothing of another tenant may stand in what somebody was told. */
static void look_for_others(const struct operation *o, const struct person *p, const char *path, enum tenant whose)
{
	for (enum tenant t = OWN; t < TENANTS; t++) {
		if (t == p->tenant || (t == whose && crosses(o, p)))
			continue;
		if (!p->nobody && strstr(answer, matrix_marks[t]))
			BAD("%s: %s %s shows %s", p->name, o->method, path, matrix_marks[t]);
		for (int k = K_NONE + 1; k < KINDS; k++)
			if (matrix_is_theirs((enum kind)k) && *m.id[t][k] && strstr(answer, m.id[t][k]))
				BAD("%s: %s %s shows %s", p->name, o->method, path, m.id[t][k]);
	}
}

/* Who may is told that the body is wrong, before anything is done. */
static void probe(const struct operation *o, const struct person *p, enum tenant whose, enum tenant second)
{
	bool reads = !strcmp(o->method, "GET"), bare = !strcmp(o->reach, "self") && has_theirs(o);
	char path[512];

	path_of(o, whose, second, path);
	int status = ask(p, o->method, path,
		reads ? "" : "Content-Type: application/json\r\nIf-Match: *\r\nIdempotency-Key: matrix\r\n",
		reads || bare ? "" : "{\"zz-no-such-member\":1}");
	enum verdict want = expected(o, p, whose);
	if (want == THROUGH && second != whose)
		want = crosses(o, p) ? THROUGH : IS_404;
	enum verdict got = status == 401 ? IS_401 : status == 403 ? IS_403 : status == 404 ? IS_404 : THROUGH;
	if ((!strcmp(o->reach, "open") || !strcmp(o->reach, "self")) && !has_theirs(o) && got == IS_404)
		got = THROUGH; /* it is about nobody's things, or they have no such thing */
	if (got != want || status < 0 || status >= 500)
		BAD("%s: %s %s (%s's): %d, not %s: %.300s", p->name, o->method, path, matrix_tenants[whose], status,
			verdict_words[want], answer);
	if (want == THROUGH && !reads && strcmp(o->reach, "open") != 0 && status < 400)
		BAD("%s: %s %s took a body that is none: %d", p->name, o->method, path, status);
	if (status == 404 && want == IS_404 && strstr(answer, "\"detail\""))
		BAD("%s: %s %s says more than that it is not there: %s", p->name, o->method, path, answer);
	look_for_others(o, p, path, whose);
}

static void probe_all(const struct operation *o, const struct person *p)
{
	bool theirs = has_theirs(o),
	     two = matrix_is_theirs(o->sample->args[0]) && matrix_is_theirs(o->sample->args[1]);

	if (!theirs) {
		probe(o, p, p->tenant, p->tenant);
		return;
	}
	for (enum tenant t = OWN; t < TENANTS; t++)
		if (t != OWN || p->tenant == OWN || p->tenant == BLUE)
			probe(o, p, t, t);
	enum tenant other = p->tenant == BLUE ? RED : BLUE;
	if (two && expected(o, p, p->tenant) == THROUGH && !strcmp(o->method, "GET"))
		probe(o, p, p->tenant, other);
}

static size_t try_all(bool audit)
{
	size_t n = 0;

	for (size_t i = 0; i < people_n; i++)
		for (size_t k = 0; k < operations_n; k++) {
			if (!strncmp(operations[k].path, "/v1/audit", 9) != audit)
				continue;
			probe_all(&operations[k], &people[i]);
			n++;
		}
	return n;
}

int main(void)
{
	rig_init(&m.rig);
	rig_serve(&m.rig, (const char *const[]){ "--no-agent", NULL });
	matrix_seed(&m);
	gather();
	connect_again();
	json_t *openapi = rig_expect(&m.rig, 200, "GET", "/v1/openapi.json", NULL);
	learn(openapi);
	/* The audit trail first: afterwards it has, of those who try, the ids that they named and should not have. */
	size_t n = try_all(true) + try_all(false);
	printf("%zu pairs of a person and an operation\n", n);
	json_decref(openapi);
	close(line);
	CHECK(bad == 0);
	rig_done(&m.rig);
	return 0;
}
