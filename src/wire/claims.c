#include "wire/claims.h"
#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define AT(member) FIELD_AT(struct claims_rules, member)

static const struct field group_fields[] = {
	{ .name = "match",
		.type = FIELD_STR,
		FIELD_AT(struct claims_group, match),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 256,
		.doc = "The provider's group, as it spells it. One * stands for anything." },
	{ .name = "groupId",
		.type = FIELD_STR,
		FIELD_AT(struct claims_group, group_id),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.doc = "Our group, grp_…, whose members they are then." },
	{ 0 },
};

const struct field claims_rules_fields[] = {
	{ .name = "loginClaim",
		.type = FIELD_STR,
		AT(login),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = CLAIMS_NAME_MAX,
		.doc = "The claim that becomes the login of a new user; null: preferred_username, else email. "
		       "A claim is named by its name, or by a JSON pointer such as /realm_access/roles." },
	{ .name = "nameClaim",
		.type = FIELD_STR,
		AT(name),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = CLAIMS_NAME_MAX,
		.doc = "The claim with the name that people read; null: name." },
	{ .name = "emailClaim",
		.type = FIELD_STR,
		AT(email),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = CLAIMS_NAME_MAX,
		.doc = "The claim with the e-mail address; null: email." },
	{ .name = "emailVerifiedClaim",
		.type = FIELD_STR,
		AT(email_verified),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = CLAIMS_NAME_MAX,
		.doc = "The claim that is true when the address was verified; null: email_verified." },
	{ .name = "groupsClaim",
		.type = FIELD_STR,
		AT(groups),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = CLAIMS_NAME_MAX,
		.doc = "The claim with the groups, a text or a list of texts; null: groups." },
	{ .name = "trustEmail",
		.type = FIELD_BOOL,
		AT(trusts_email),
		.doc = "All e-mail addresses of this provider count as verified." },
	{ .name = "createUsers",
		.type = FIELD_BOOL,
		AT(creates),
		.doc = "Who comes for the first time is made a user. A login that is taken is never taken over." },
	{ .name = "linkByEmail",
		.type = FIELD_BOOL,
		AT(links),
		.doc = "Who comes for the first time becomes the one user that has their verified e-mail "
		       "address." },
	{ .name = "requireGroup",
		.type = FIELD_BOOL,
		AT(needs_group),
		.doc = "Who is in no group of ours after groupMap is not let in, and loses the sessions they "
		       "had." },
	{ .name = "emailDomains",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(domains),
		.max = 50,
		.doc = "Only people with a verified e-mail address of these domains are let in; empty: all." },
	{ .name = "groupMap",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.sub = group_fields,
		.sub_size = sizeof(struct claims_group),
		AT(group_map),
		.max = CLAIMS_RULES_MAX,
		.doc = "Which groups of the provider are which of ours. Read at every log-on: who has lost a group "
		       "there loses it here." },
	{ 0 },
};

/* One step of a pointer, its ~1 and ~0 undone (RFC 6901). False: longer than any name here. */
static bool step(const char **p, char *to, size_t room)
{
	size_t n = 0;

	for (; **p && **p != '/'; (*p)++) {
		char c = **p;
		if (c == '~' && ((*p)[1] == '0' || (*p)[1] == '1'))
			c = *++*p == '0' ? '~' : '/';
		if (n + 1 >= room)
			return false;
		to[n++] = c;
	}
	to[n] = 0;
	return true;
}

const struct json_t *claims_find(const struct json_t *in, const char *name)
{
	char key[CLAIMS_NAME_MAX + 1];

	if (*name != '/')
		return json_object_get(in, name);
	while (in && *name == '/') {
		name++;
		in = step(&name, key, sizeof(key)) ? json_object_get(in, key) : NULL;
	}
	return in;
}

/* A text that a log line and a page can show. */
static bool is_plain(const char *s, size_t n)
{
	if (n == 0 || n > CLAIMS_TEXT_MAX || strlen(s) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static const char *text_of(const json_t *v, struct arena *a)
{
	if (json_is_array(v) && json_array_size(v) == 1)
		v = json_array_get(v, 0);
	const char *s = json_string_value(v);
	return s && is_plain(s, json_string_length(v)) ? arena_str(a, s) : NULL;
}

const char *claims_text(const struct json_t *in, const char *name, struct arena *a)
{
	return text_of(claims_find(in, name), a);
}

bool claims_matches(const char *pattern, const char *text)
{
	const char *star = strchr(pattern, '*');
	size_t n = strlen(text);

	if (!star)
		return !strcmp(pattern, text);
	size_t before = (size_t)(star - pattern), after = strlen(star + 1);
	return n >= before + after && !memcmp(pattern, text, before) && !memcmp(star + 1, text + n - after, after);
}

static const char *or_else(const char *s, const char *def) { return s ? s : def; }

static bool is_true(const struct json_t *v)
{
	if (json_is_array(v) && json_array_size(v) == 1)
		v = json_array_get(v, 0);
	return json_is_true(v) || (json_is_string(v) && !strcmp(json_string_value(v), "true"));
}

static bool has(const struct field_list *list, const char *s)
{
	const char *const *at = list->at;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(at[i], s))
			return true;
	return false;
}

static enum rc read_said(const struct json_t *v, struct arena *a, struct field_list *ret)
{
	size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;

	n = n < CLAIMS_VALUES_MAX ? n : CLAIMS_VALUES_MAX;
	const char **at = arena_take(a, (n + 1) * sizeof(*at));
	if (!at)
		return RC_NOMEM;
	*ret = (struct field_list){ at, 0 };
	for (size_t i = 0; i < n; i++) {
		const char *s = text_of(json_is_array(v) ? json_array_get(v, i) : v, a);
		if (s && !has(ret, s))
			at[ret->n++] = s;
	}
	return RC_OK;
}

static enum rc map_groups(
	const struct claims_rules *rules, const struct field_list *said, struct arena *a, struct field_list *ret)
{
	const struct claims_group *map = rules->group_map.at;
	const char *const *s = said->at;
	const char **at = arena_take(a, (rules->group_map.n + 1) * sizeof(*at));

	if (!at)
		return RC_NOMEM;
	*ret = (struct field_list){ at, 0 };
	for (size_t i = 0; i < rules->group_map.n; i++)
		for (size_t k = 0; k < said->n; k++) {
			if (!claims_matches(map[i].match, s[k]))
				continue;
			if (!has(ret, map[i].group_id))
				at[ret->n++] = map[i].group_id;
			break;
		}
	return RC_OK;
}

static const char *lower(const char *s, struct arena *a)
{
	char *t = s ? arena_str(a, s) : NULL;

	for (char *p = t; p && *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	return t;
}

enum rc claims_read(
	const struct claims_rules *rules, const struct json_t *in, struct arena *a, struct claims_person *ret)
{
	struct claims_person p = { 0 };

	p.name = claims_text(in, or_else(rules->name, "name"), a);
	p.email = lower(claims_text(in, or_else(rules->email, "email"), a), a);
	p.email_verified =
		p.email &&
		(rules->trusts_email || is_true(claims_find(in, or_else(rules->email_verified, "email_verified"))));
	p.login = lower(claims_text(in, or_else(rules->login, "preferred_username"), a), a);
	if (!p.login && !rules->login)
		p.login = p.email;
	enum rc rc = read_said(claims_find(in, or_else(rules->groups, "groups")), a, &p.said);
	if (rc == RC_OK)
		rc = map_groups(rules, &p.said, a, &p.groups);
	if (rc == RC_OK)
		*ret = p;
	return rc;
}

bool claims_in_domains(const struct field_list *domains, const char *email)
{
	const char *const *at = domains->at, *host = email ? strrchr(email, '@') : NULL;

	for (size_t i = 0; i < domains->n; i++)
		if (host && host > email && !strcasecmp(host + 1, at[i]))
			return true;
	return domains->n == 0;
}
