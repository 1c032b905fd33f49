#include "sim/people.h"

#include "base/scan.h"
#include "wire/steam/steamid.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rc people_init(struct people *pp)
{
	*pp = (struct people){ .at = calloc(PEOPLE_MAX, sizeof(struct person)) };
	list_init(&pp->all_keys);
	return pp->at ? RC_OK : RC_NOMEM;
}

void people_done(struct people *pp)
{
	for (size_t i = 0; i < pp->n; i++) {
		free(pp->at[i].licences);
		free(pp->at[i].friends);
	}
	if (pp->at) {
		list_each (at, after, &pp->all_keys) {
			free(list_of(at, struct game_key, node));
		}
	}
	map_done(&pp->by_name);
	map_done(&pp->by_id);
	map_done(&pp->keys);
	free(pp->at);
	*pp = (struct people){ 0 };
}

struct person *people_named(const struct people *pp, const char *name)
{
	char low[PEOPLE_TEXT];
	size_t n = strlen(name);

	if (n >= sizeof(low))
		return NULL;
	for (size_t i = 0; i <= n; i++)
		low[i] = (char)tolower((unsigned char)name[i]);
	return map_get(&pp->by_name, low);
}

struct person *people_by_id(const struct people *pp, uint64_t steamid)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)steamid);
	return map_get(&pp->by_id, text);
}

struct game_key *people_key(const struct people *pp, const char *key) { return map_get(&pp->keys, key); }

void people_shared(const char *name, const char *what, uint8_t ret[static 20])
{
	char text[2 * PEOPLE_TEXT];
	int n = snprintf(text, sizeof(text), "%s %s", what, name);
	SHA1((const unsigned char *)text, (size_t)n, ret);
}

/* ---- what they own ---- */

bool people_owns(const struct person *p, uint32_t package)
{
	for (size_t i = 0; i < p->licences_n; i++)
		if (p->licences[i].package == package)
			return true;
	return false;
}

/* One more of `size` in a list that doubles. */
static bool more_room(void **at, size_t n, size_t *room, size_t size, size_t max)
{
	if (n < *room)
		return true;
	size_t wider = *room ? *room * 2 : 8;
	void *p = n < max ? realloc(*at, wider * size) : NULL;
	if (!p)
		return false;
	*at = p;
	*room = wider;
	return true;
}

bool people_grant(struct person *p, uint32_t package, uint32_t time)
{
	if (people_owns(p, package))
		return true;
	void *at = p->licences;
	if (!more_room(&at, p->licences_n, &p->licences_room, sizeof(*p->licences), PEOPLE_PACKAGES))
		return false;
	p->licences = at;
	p->licences[p->licences_n++] = (struct licence){ package, time };
	return true;
}

void people_revoke(struct person *p, uint32_t package)
{
	for (size_t i = 0; i < p->licences_n; i++)
		if (p->licences[i].package == package)
			p->licences[i--] = p->licences[--p->licences_n];
}

/* ---- whom they know ---- */

struct friendship *people_friend(struct person *p, uint64_t with, bool make)
{
	for (size_t i = 0; i < p->friends_n; i++)
		if (p->friends[i].with == with)
			return &p->friends[i];
	void *at = p->friends;
	if (!make || !more_room(&at, p->friends_n, &p->friends_room, sizeof(*p->friends), PEOPLE_FRIENDS))
		return NULL;
	p->friends = at;
	p->friends[p->friends_n] = (struct friendship){ .with = with };
	return &p->friends[p->friends_n++];
}

bool people_relate(struct person *p, uint64_t with, enum relation r)
{
	struct friendship *f = people_friend(p, with, r != RELATION_NONE);
	if (f && r == RELATION_NONE)
		*f = p->friends[--p->friends_n];
	else if (f)
		f->relationship = r;
	return f || r == RELATION_NONE;
}

bool people_are_friends(const struct person *a, const struct person *b)
{
	for (size_t i = 0; i < a->friends_n; i++)
		if (a->friends[i].with == b->steamid)
			return a->friends[i].relationship == RELATION_FRIEND;
	return false;
}

/* ---- the words of an account ---- */

static bool number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	if (*s < '0' || *s > '9')
		return false;
	unsigned long long v = strtoull(s, &end, 10);
	if (*end || v > max)
		return false;
	*ret = v;
	return true;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* 28 characters of base64 are the 20 bytes of a secret. */
static bool secret(const char *s, uint8_t ret[static 20])
{
	uint32_t bits = 0;
	size_t n = 0;

	if (strlen(s) != 28 || s[27] != '=')
		return false;
	for (unsigned i = 0; i < 27; i++) {
		int d = base64_digit(s[i]);
		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 == 3 || i == 26) {
			uint32_t three = i == 26 ? bits << 6 : bits;
			for (int k = 16; k >= 0 && n < 20; k -= 8)
				ret[n++] = (uint8_t)(three >> k);
			bits = 0;
		}
	}
	return n == 20;
}

enum word_kind { WORD_TEXT, WORD_FLAG, WORD_NUMBER, WORD_OTHER };

#define AT(member) offsetof(struct person, member), sizeof(((struct person *)0)->member)

static const struct word {
	const char *name;
	enum word_kind kind;
	size_t at, size;
} words[] = {
	{ "password", WORD_TEXT, AT(password) },
	{ "email", WORD_TEXT, AT(email_code) },
	{ "persona", WORD_TEXT, AT(persona) },
	{ "country", WORD_TEXT, AT(country) },
	{ "parental", WORD_TEXT, AT(parental) },
	{ "trade_token", WORD_TEXT, AT(trade_token) },
	{ "limited", WORD_FLAG, AT(limited) },
	{ "locked", WORD_FLAG, AT(locked) },
	{ "vac", WORD_FLAG, AT(vac) },
	{ "trade_ban", WORD_FLAG, AT(trade_ban) },
	{ "disabled", WORD_FLAG, AT(disabled) },
	{ "private", WORD_FLAG, AT(inventory_private) },
	{ "escrow", WORD_NUMBER, AT(escrow_days) },
	{ "level", WORD_NUMBER, AT(level) },
	{ "authenticator", WORD_NUMBER, AT(authenticator_days) },
	{ "game_bans", WORD_NUMBER, AT(game_bans) },
	{ "currency", WORD_NUMBER, AT(currency) },
	{ "wallet", WORD_NUMBER, AT(wallet) },
	{ "id", WORD_OTHER, 0, 0 },
	{ "guard", WORD_OTHER, 0, 0 },
	{ "shared", WORD_OTHER, 0, 0 },
	{ "identity", WORD_OTHER, 0, 0 },
	{ "packages", WORD_OTHER, 0, 0 },
	{ "played", WORD_OTHER, 0, 0 },
};

static bool set_packages(struct person *p, const char *list)
{
	while (*list) {
		char one[24];
		uint64_t id, last;
		size_t n = strcspn(list, ",");
		snprintf(one, sizeof(one), "%.*s", (int)(n < sizeof(one) ? n : 0), list);
		char *dash = strchr(one, '-');
		if (dash)
			*dash = 0;
		if (!number(one, UINT32_MAX, &id) || !number(dash ? dash + 1 : one, UINT32_MAX, &last))
			return false;
		for (; id <= last; id++)
			if (!people_grant(p, (uint32_t)id, 1600000000))
				return false;
		list += n + (list[n] == ',');
	}
	return true;
}

/* "440:600:10:20,480:5" */
static bool set_played(struct person *p, const char *list)
{
	for (p->played_n = 0; *list && p->played_n < PEOPLE_PLAYED; p->played_n++) {
		struct played *g = &p->played[p->played_n];
		uint64_t app, minutes, unlocked = 0, total = 0;
		if (!scan_u64(&list, "", UINT32_MAX, &app) || !scan_u64(&list, ":", UINT32_MAX, &minutes))
			return false;
		if (*list == ':' && !scan_u64(&list, ":", UINT32_MAX, &unlocked))
			return false;
		if (*list == ':' && !scan_u64(&list, ":", UINT32_MAX, &total))
			return false;
		*g = (struct played){ (uint32_t)app, (uint32_t)minutes, (uint32_t)unlocked, (uint32_t)total };
		if (*list && *list != ',')
			return false;
		list += *list == ',';
	}
	return !*list;
}

static bool set_guard(struct person *p, const char *value)
{
	static const char *const kinds[] = { "none", "email", "link", "device", "approval" };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(value, kinds[i])) {
			p->guard = (enum guard_kind)i;
			return true;
		}
	return false;
}

static bool set_other(struct person *p, const char *name, const char *value)
{
	if (!strcmp(name, "id"))
		return number(value, UINT64_MAX, &p->steamid);
	if (!strcmp(name, "guard"))
		return set_guard(p, value);
	if (!strcmp(name, "packages"))
		return set_packages(p, value);
	if (!strcmp(name, "played"))
		return set_played(p, value);
	bool shared = !strcmp(name, "shared");
	uint8_t *to = shared ? p->shared : p->identity;
	*(shared ? &p->has_shared : &p->has_identity) = true;
	if (*value)
		return secret(value, to);
	people_shared(p->name, name, to);
	return true;
}

static bool set_word(struct person *p, const struct word *w, const char *value)
{
	char *at = (char *)p + w->at;
	uint64_t v;

	switch (w->kind) {
	case WORD_TEXT:
		if (strlen(value) >= w->size)
			return false;
		snprintf(at, w->size, "%s", value);
		return true;
	case WORD_FLAG:
		*(bool *)at = strcmp(value, "0") != 0;
		return true;
	case WORD_NUMBER:
		if (!number(value, w->size == 8 ? INT64_MAX : UINT32_MAX, &v))
			return false;
		if (w->size == 8)
			*(int64_t *)(void *)at = (int64_t)v;
		else
			*(uint32_t *)(void *)at = (uint32_t)v;
		return true;
	case WORD_OTHER:
		return set_other(p, w->name, value);
	}
	return false;
}

enum rc people_set(struct person *p, const char *word, struct fault *f)
{
	size_t n = strcspn(word, "=");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) != n || strncmp(word, words[i].name, n) != 0)
			continue;
		if (set_word(p, &words[i], word[n] ? word + n + 1 : ""))
			return RC_OK;
		break;
	}
	return fault_set(f, RC_INVALID, "account %s: '%s' is not known, or its value is not good", p->name, word);
}

/* ---- lines ---- */

static void begin_person(struct people *pp, struct person *p, const char *name)
{
	*p = (struct person){ .guard = GUARD_NONE,
		.currency = 1,
		.country = "US",
		.email_code = "M4ILQ",
		.authenticator_days = 365 };
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->persona, sizeof(p->persona), "%s", name);
	for (char *c = p->name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	p->steamid = steamid_id64((struct steamid){ .account = 4000001u + (uint32_t)pp->n,
		.instance = 1,
		.type = STEAMID_INDIVIDUAL,
		.universe = STEAMID_PUBLIC });
	list_init(&p->sessions);
}

/* A trade token is eight characters of the name's hash, unless the world says another. */
static void finish_person(struct person *p)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t hash[20];

	snprintf(p->id_text, sizeof(p->id_text), "%llu", (unsigned long long)p->steamid);
	people_shared(p->name, "trade", hash);
	for (int i = 0; i < 8 && strlen(p->trade_token) < 8; i++)
		p->trade_token[i] = letters[hash[i] & 63];
}

static enum rc add_person(struct people *pp, const char *name, char *rest, struct fault *f)
{
	struct person *p = &pp->at[pp->n];
	bool guarded = false;

	if (pp->n == PEOPLE_MAX || strlen(name) >= PEOPLE_TEXT)
		return fault_set(f, RC_TOO_LARGE, "a world holds %d accounts, with names under %d characters",
			PEOPLE_MAX, PEOPLE_TEXT);
	if (people_named(pp, name))
		return fault_set(f, RC_INVALID, "account %s is there twice", name);
	begin_person(pp, p, name);
	pp->n++;
	for (char *t, *save = NULL; (t = strtok_r(rest, " \t", &save)); rest = NULL) {
		enum rc rc = people_set(p, t, f);
		guarded |= !strncmp(t, "guard=", 6);
		if (rc != RC_OK)
			return rc;
	}
	if (!guarded && p->has_shared)
		p->guard = GUARD_DEVICE;
	finish_person(p);
	if (!people_grant(p, 0, 1600000000) || map_put(&pp->by_name, p->name, p) != RC_OK)
		return fault_set(f, RC_NOMEM, "no memory for account %s", name);
	if (people_by_id(pp, p->steamid) || map_put(&pp->by_id, p->id_text, p) != RC_OK)
		return fault_set(f, RC_INVALID, "account %s: its id is another's, or no memory", name);
	return RC_OK;
}

static enum rc accounts_line(struct people *pp, char *rest, struct fault *f)
{
	char *prefix = strtok_r(NULL, " \t", &rest), *count = strtok_r(NULL, " \t", &rest);
	uint64_t n;

	if (!prefix || !count || !number(count, PEOPLE_MAX, &n))
		return fault_set(f, RC_INVALID, "accounts: write a prefix and a number");
	for (uint64_t i = 1; i <= n; i++) {
		char name[2 * PEOPLE_TEXT], words_of_it[1024];
		snprintf(name, sizeof(name), "%.60s%03u", prefix, (unsigned)i);
		if (strlen(rest) >= sizeof(words_of_it))
			return fault_set(f, RC_TOO_LARGE, "accounts: the line is too long");
		snprintf(words_of_it, sizeof(words_of_it), "%s", rest);
		enum rc rc = add_person(pp, name, words_of_it, f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc friends_line(struct people *pp, char *rest, struct fault *f)
{
	char *one = strtok_r(NULL, " \t", &rest), *other = strtok_r(NULL, " \t", &rest);
	struct person *a = one ? people_named(pp, one) : NULL, *b = other ? people_named(pp, other) : NULL;

	if (!a || !b || a == b)
		return fault_set(f, RC_INVALID, "friends: write the names of two accounts that stand above");
	return people_relate(a, b->steamid, RELATION_FRIEND) && people_relate(b, a->steamid, RELATION_FRIEND)
		       ? RC_OK
		       : fault_set(f, RC_TOO_LARGE, "friends: an account has at most %d", PEOPLE_FRIENDS);
}

static bool key_word(struct game_key *k, const char *t)
{
	static const char *const kinds[] = { "good", "used", "region", "base", "wallet" };
	uint64_t v = 0;

	if (!strncmp(t, "package=", 8)) {
		char digits[16];
		snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(t + 8, "+"), t + 8);
		bool good = number(digits, UINT32_MAX, &v);
		k->package = (uint32_t)v;
		return good;
	}
	if (!strncmp(t, "countries=", 10) && strlen(t + 10) < sizeof(k->countries)) {
		snprintf(k->countries, sizeof(k->countries), "%s", t + 10);
		return true;
	}
	bool base = !strncmp(t, "base=", 5), cents = !strncmp(t, "cents=", 6);
	if (base || cents) {
		bool good = number(t + (base ? 5 : 6), UINT32_MAX, &v);
		*(base ? &k->base : &k->cents) = (uint32_t)v;
		return good;
	}
	for (size_t i = 0; !strncmp(t, "kind=", 5) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(t + 5, kinds[i])) {
			k->kind = (enum key_kind)i;
			return true;
		}
	return false;
}

static enum rc add_key(struct people *pp, const char *text, const struct game_key *like, struct fault *f)
{
	if (strlen(text) >= sizeof(like->key) || pp->keys_n == PEOPLE_KEYS_MAX || people_key(pp, text))
		return fault_set(
			f, RC_INVALID, "key %s: too long, there already, or over %d", text, PEOPLE_KEYS_MAX);
	struct game_key *k = malloc(sizeof(*k));
	if (!k)
		return fault_set(f, RC_NOMEM, "no memory for a key");
	*k = *like;
	snprintf(k->key, sizeof(k->key), "%s", text);
	if (map_put(&pp->keys, k->key, k) != RC_OK) {
		free(k);
		return fault_set(f, RC_NOMEM, "no memory for a key");
	}
	list_append(&pp->all_keys, &k->node);
	pp->keys_n++;
	return RC_OK;
}

static enum rc key_line(struct people *pp, bool many, char *rest, struct fault *f)
{
	char *text = strtok_r(NULL, " \t", &rest), *count = many ? strtok_r(NULL, " \t", &rest) : NULL;
	struct game_key k = { .kind = KEY_GOOD };
	uint32_t step = strchr(rest, '+') ? 1 : 0;
	uint64_t n = 1;
	enum rc rc = RC_OK;

	if (!text || (many && (!count || !number(count, PEOPLE_KEYS_MAX, &n))))
		return fault_set(f, RC_INVALID, "key: write a key, or keys: a prefix and a number");
	for (char *t; (t = strtok_r(NULL, " \t", &rest));)
		if (!key_word(&k, t))
			return fault_set(f, RC_INVALID, "key: does not know '%s'", t);
	for (uint64_t i = 1; rc == RC_OK && i <= n; i++, k.package += step) {
		char name[64];
		snprintf(name, sizeof(name), "%.40s-%05u", text, (unsigned)i);
		rc = add_key(pp, many ? name : text, &k, f);
	}
	return rc;
}

enum rc people_line(struct people *pp, const char *line, struct fault *f)
{
	auto_free char *text = strdup(line);
	if (!text)
		return fault_set(f, RC_NOMEM, "no memory for a line");
	char *rest = NULL, *word = strtok_r(text, " \t", &rest);

	if (!word)
		return RC_MISSING;
	if (!strcmp(word, "account")) {
		const char *name = strtok_r(NULL, " \t", &rest);
		return name ? add_person(pp, name, rest, f) : fault_set(f, RC_INVALID, "account: wants a name");
	}
	if (!strcmp(word, "accounts"))
		return accounts_line(pp, rest, f);
	if (!strcmp(word, "friends"))
		return friends_line(pp, rest, f);
	if (!strcmp(word, "key") || !strcmp(word, "keys"))
		return key_line(pp, word[3] != 0, rest, f);
	return RC_MISSING;
}
