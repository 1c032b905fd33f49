#include "cli/request.h"
#include "cli/params.h"
#include "model/action.h"
#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SECRET_BODY_ROOM 32768

void request_done(struct request *r)
{
	buf_done(&r->path);
	json_decref(r->body);
	r->body = NULL;
}

void request_escape(struct buf *to, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_u8(to, (uint8_t)*s);
		else
			buf_fmt(to, "%%%02X", (unsigned)(unsigned char)*s);
}

void request_query(struct buf *path, const char *name, const char *value)
{
	buf_u8(path, path->n && memchr(path->p, '?', path->n) ? '&' : '?');
	request_escape(path, name);
	buf_u8(path, '=');
	request_escape(path, value);
}

/* "." and ".." as a part of a path would be taken as a folder, by whoever stands in between. */
static bool is_part(const char *s) { return *s && strcmp(s, ".") != 0 && strcmp(s, "..") != 0; }

static enum rc put_path(const struct cmd *c, struct buf *to, struct fault *f)
{
	const struct verb_arg *args = c->verb->args;
	const char *at = c->verb->path;
	int next = 0;

	for (const char *gap; (gap = strstr(at, "{}")); at = gap + 2) {
		while (next < VERB_ARGS_MAX - 1 && args[next].member)
			next++;
		if (!c->arg[next] || !is_part(c->arg[next]))
			return fault_set(
				f, RC_INVALID, "%s is not a name", args[next].name ? args[next].name : "it");
		buf_put(to, at, (size_t)(gap - at));
		request_escape(to, c->arg[next++]);
	}
	buf_str(to, at);
	return RC_OK;
}

/* The payload's table of the action that is an argument, so that `-p` knows lists from numbers. */
static const struct field *params_table(const struct cmd *c)
{
	for (int i = 0; i < VERB_ARGS_MAX; i++) {
		const char *member = c->verb->args[i].member;
		const struct action *a =
			member && c->arg[i] && (!strcmp(member, "action") || !strcmp(member, "job.action"))
				? action_find(c->arg[i])
				: NULL;
		if (a)
			return a->payload;
	}
	return NULL;
}

/* Is it a member of the payload that nobody else may see? Arguments are seen by all. */
static bool is_secret(const struct field *t, const char *pair)
{
	size_t n = strcspn(pair, "=");

	for (; t && t->type != FIELD_END; t++)
		if (t->flags & FIELD_SECRET && strlen(t->name) == n && !strncmp(t->name, pair, n))
			return true;
	return false;
}

/* The pairs of a `values` option as one object. */
static enum rc gather(const struct cmd *c, const json_t *pairs, json_t **ret, struct fault *f)
{
	const struct field *t = params_table(c);
	auto_json json_t *object = json_object();

	for (size_t i = 0; i < json_array_size(pairs); i++) {
		const char *pair = json_string_value(json_array_get(pairs, i));
		if (pair && is_secret(t, pair))
			return fault_set(f, RC_INVALID,
				"%.*s is a secret, and never an argument, for others can see it: use --payload "
				"@FILE",
				(int)strcspn(pair, "="), pair);
		enum rc rc = params_put(object, t, pair, f);
		if (rc != RC_OK)
			return rc;
	}
	*ret = take(object);
	return RC_OK;
}

/* "filter.code" is the member code of the object filter, which is made when it is not there. */
static json_t *object_of(json_t *body, const char **member)
{
	char name[64];

	for (const char *dot; body && (dot = strchr(*member, '.')); *member = dot + 1) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - *member), *member);
		json_t *inner = json_object_get(body, name);
		if (!inner && json_object_set_new(body, name, json_object()) == 0)
			inner = json_object_get(body, name);
		body = inner;
	}
	return body;
}

static enum rc put_body(const struct cmd *c, const struct verb_option *o, json_t *v, json_t *body, struct fault *f)
{
	const char *member = o->member ? o->member : o->row.name;
	json_t *made = NULL;

	body = object_of(body, &member);
	if (json_object_get(body, member))
		return fault_set(f, RC_INVALID, "--%s and another option say two things about %s; give one",
			o->row.name, member);
	enum rc rc = o->values ? gather(c, v, &made, f) : RC_OK;
	if (rc != RC_OK)
		return rc;
	return json_object_set_new(body, member, made ? made : json_incref(v)) == 0 ? RC_OK : RC_NOMEM;
}

static void put_query(const struct verb_option *o, const json_t *v, struct buf *path)
{
	const char *member = o->member ? o->member : o->row.name;
	struct buf text = { 0 };

	for (size_t i = 0; i < json_array_size(v); i++) {
		buf_str(&text, i ? "," : "");
		buf_str(&text, json_string_value(json_array_get(v, i)));
	}
	if (json_is_string(v))
		buf_str(&text, json_string_value(v));
	else if (!json_is_array(v) && json_put(&text, v, false) != RC_OK)
		text.bad = true;
	request_query(path, member, buf_text(&text));
	path->bad = path->bad || text.bad;
	buf_done(&text);
}

static enum rc put_option(const struct cmd *c, const struct verb_option *o, struct request *ret, struct fault *f)
{
	json_t *v = json_object_get(c->given, o->row.name);

	if (!v)
		return RC_OK;
	switch (o->place) {
	case VERB_LOCAL:
		break;
	case VERB_QUERY:
		put_query(o, v, &ret->path);
		break;
	case VERB_BODY:
		return put_body(c, o, v, ret->body, f);
	case VERB_KEY:
		ret->key = json_string_value(v);
		break;
	case VERB_MATCH:
		ret->if_match = json_string_value(v);
		break;
	}
	return RC_OK;
}

static bool has_body(const struct verb *v)
{
	if (v->body || v->secret)
		return true;
	for (int i = 0; i < VERB_ARGS_MAX; i++)
		if (v->args[i].member)
			return true;
	for (const struct verb_option *o = v->options; o && o->row.name; o++)
		if (o->place == VERB_BODY)
			return true;
	return false;
}

/* What the row says that the body has. */
static enum rc put_fixed(const char *text, json_t *body, struct fault *f)
{
	auto_json json_t *fixed = NULL;
	enum rc rc = json_read(text, strlen(text), &fixed, f);
	return rc == RC_OK ? json_merge(body, fixed) : rc;
}

/* --dry-run is a member of the body of what can be tried so; anything else that has an effect is refused, not done. */
static enum rc put_dry(const struct cmd *c, json_t *body, struct fault *f)
{
	const struct verb *v = c->verb;

	if (!c->dry || (v->method && !strcmp(v->method, "GET")))
		return RC_OK;
	if (!(v->flags & VERB_DRY))
		return fault_set(f, RC_INVALID, "%s %s cannot be tried with --dry-run", c->noun->name, v->name);
	return v->action || json_object_set_new(body, "dryRun", json_true()) == 0 ? RC_OK : RC_NOMEM;
}

enum rc request_make(const struct cmd *c, struct request *ret, struct fault *f)
{
	const struct verb *v = c->verb;
	enum rc rc = put_path(c, &ret->path, f);

	if (rc == RC_OK && has_body(v))
		ret->body = json_object();
	if (rc == RC_OK && v->body)
		rc = put_fixed(v->body, ret->body, f);
	for (int i = 0; rc == RC_OK && i < VERB_ARGS_MAX; i++) {
		const char *member = v->args[i].member;
		json_t *in = member ? object_of(ret->body, &member) : NULL;
		if (member && c->arg[i] && json_object_set_new(in, member, json_string(c->arg[i])) != 0)
			rc = fault_set(f, RC_INVALID, "%s is not UTF-8", v->args[i].name);
	}
	for (const struct verb_option *o = v->options; rc == RC_OK && o && o->row.name; o++)
		rc = put_option(c, o, ret, f);
	if (rc == RC_OK)
		rc = put_dry(c, ret->body, f);
	if (rc == RC_OK && (v->flags & VERB_IDEMPOTENT) && !ret->key) {
		api_new_key(ret->new_key, sizeof(ret->new_key));
		ret->key = ret->new_key;
	}
	buf_text(&ret->path); /* so that the bytes end in a NUL from now on */
	return rc == RC_OK && ret->path.bad ? RC_NOMEM : rc;
}

enum cli_exit request_ask(struct cmd *c, const struct request *r, struct api_answer *ret)
{
	struct buf body = { 0 };

	if (c->verb->secret) /* so that it does not grow, which leaves a copy behind */
		(void)!buf_room(&body, SECRET_BODY_ROOM);
	if (r->body && json_put(&body, r->body, false) != RC_OK) {
		buf_done(&body);
		cmd_say(c, "out of memory");
		return CLI_FAILED;
	}
	const struct api_request ask = {
		.method = c->verb->method,
		.path = (const char *)r->path.p,
		.body = r->body ? buf_text(&body) : NULL,
		.key = r->key,
		.if_match = r->if_match,
	};
	enum cli_exit code = api_ask(c, &ask, ret);
	if (c->verb->secret)
		hush_wipe(body.p, body.room);
	buf_done(&body);
	return code;
}
