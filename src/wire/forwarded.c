#include "wire/forwarded.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 256 /* of one parameter of Forwarded */

struct span {
	const char *p;
	size_t n;
};

/* The entries at the right end of a list, the last of them last. */
struct tail {
	struct span at[FORWARDED_HOPS_MAX];
	size_t n; /* of all there were */
};

static struct span trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Without brackets, port and zone. */
static struct span bare(struct span s)
{
	const char *colon = memchr(s.p, ':', s.n), *end;

	if (s.n > 0 && s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		if (!end || (end + 1 < s.p + s.n && end[1] != ':'))
			return (struct span){ s.p, 0 };
		s = (struct span){ s.p + 1, (size_t)(end - s.p) - 1 };
	} else if (colon && !memchr(colon + 1, ':', (size_t)(s.p + s.n - colon) - 1)) {
		s.n = (size_t)(colon - s.p);
	}
	const char *zone = memchr(s.p, '%', s.n);
	return zone ? (struct span){ s.p, (size_t)(zone - s.p) } : s;
}

bool forwarded_address(const char *text, size_t n, char ret[static FORWARDED_ADDRESS_MAX])
{
	static const uint8_t v4[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct span s = bare(trim((struct span){ text, n }));
	uint8_t at[IP_BLOCK_BYTES];
	char copy[FORWARDED_ADDRESS_MAX];

	if (s.n == 0 || s.n >= sizeof(copy) || memchr(s.p, 0, s.n))
		return false;
	memcpy(copy, s.p, s.n);
	copy[s.n] = 0;
	if (!ip_block_of_text(copy, at))
		return false;
	bool is_v4 = !memcmp(at, v4, sizeof(v4));
	return inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? at + 12 : at, ret, FORWARDED_ADDRESS_MAX) != NULL;
}

/* Where the entry ends: at a comma that stands in no quotes. NULL: a quote is never closed. */
static const char *end_of(const char *p, char stop)
{
	bool quoted = false;

	for (; *p && (quoted || *p != stop); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return quoted ? NULL : p;
}

static bool cut(const char *list, bool quotes, struct tail *ret)
{
	ret->n = 0;
	for (const char *p = list;; p++) {
		const char *end = quotes ? end_of(p, ',') : p + strcspn(p, ",");
		if (!end)
			return false;
		ret->at[ret->n++ % FORWARDED_HOPS_MAX] = (struct span){ p, (size_t)(end - p) };
		if (!*end)
			return true;
		p = end;
	}
}

/* The i-th from the right. */
static struct span from_right(const struct tail *t, size_t i) { return t->at[(t->n - 1 - i) % FORWARDED_HOPS_MAX]; }

/* The value without its quotes. False: it does not fit. */
static bool unquote(struct span s, char ret[static VALUE_MAX])
{
	size_t n = 0;

	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = (struct span){ s.p + 1, s.n - 2 };
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		if (n == VALUE_MAX - 1)
			return false;
		ret[n++] = s.p[i];
	}
	ret[n] = 0;
	return true;
}

/* A parameter of one entry of Forwarded; of one that is there twice, neither. */
static bool parameter(struct span entry, const char *name, char ret[static VALUE_MAX])
{
	char copy[VALUE_MAX * 4];
	size_t k = strlen(name);
	int found = 0;

	if (entry.n >= sizeof(copy))
		return false;
	memcpy(copy, entry.p, entry.n);
	copy[entry.n] = 0;
	for (const char *p = copy;; p++) {
		const char *end = end_of(p, ';');
		struct span s = trim((struct span){ p, end ? (size_t)(end - p) : 0 });
		if (!end)
			return false;
		if (s.n > k && !strncasecmp(s.p, name, k) && s.p[k] == '=')
			found += unquote((struct span){ s.p + k + 1, s.n - k - 1 }, ret) ? 1 : 2;
		if (!*end)
			return found == 1;
		p = end;
	}
}

static bool address_of(const struct forwarded_ask *ask, struct span entry, char ret[static FORWARDED_ADDRESS_MAX])
{
	char value[VALUE_MAX];

	if (!ask->standard)
		return forwarded_address(entry.p, entry.n, ret);
	return parameter(entry, "for", value) && forwarded_address(value, strlen(value), ret);
}

static bool is_trusted(const struct ip_block_list *trusted, const char *address)
{
	uint8_t at[IP_BLOCK_BYTES];
	return ip_block_of_text(address, at) && ip_block_has(trusted, at);
}

void forwarded_read(const struct ip_block_list *trusted, const struct forwarded_ask *ask, struct forwarded *ret)
{
	const char *list = ask->standard ? ask->forwarded : ask->xff;
	char next[FORWARDED_ADDRESS_MAX];
	struct tail t = { .n = 0 };

	*ret = (struct forwarded){ 0 };
	if (!forwarded_address(ask->peer, strlen(ask->peer), ret->address) || !is_trusted(trusted, ret->address))
		return;
	if (list && !cut(list, ask->standard, &t))
		return;
	for (size_t i = 0; i < t.n && i < FORWARDED_HOPS_MAX; i++) {
		if (!address_of(ask, from_right(&t, i), next))
			return;
		memcpy(ret->address, next, sizeof(next));
		if (!is_trusted(trusted, next))
			return;
	}
}
