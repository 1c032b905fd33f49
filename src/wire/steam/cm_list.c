#include "wire/steam/cm_list.h"

#include "wire/steam/vdf_text.h"

#include <stdlib.h>
#include <string.h>

static bool is_endpoint(const char *s)
{
	static const char host_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t host = strspn(s, host_chars);
	if (host == 0 || s[host] != ':' || strlen(s) > CM_LIST_ENDPOINT_MAX)
		return false;

	const char *port = s + host + 1;
	size_t digits = strspn(port, "0123456789");
	if (digits == 0 || digits > 5 || port[digits])
		return false;
	long number = strtol(port, NULL, 10);
	return number > 0 && number <= UINT16_MAX;
}

static bool type_of(const char *word, enum cm_type *ret)
{
	if (!strcmp(word, "websockets"))
		*ret = CM_WEBSOCKETS;
	else if (!strcmp(word, "netfilter"))
		*ret = CM_NETFILTER;
	else
		return false;
	return true;
}

static const char *text_or(const struct vdf *v, const char *key, const char *otherwise)
{
	const char *s = vdf_text_at(v, key);
	return s ? s : otherwise;
}

static int by_load(const void *a, const void *b)
{
	const struct cm_endpoint *x = a, *y = b;
	if (x->wtd_load < y->wtd_load || x->wtd_load > y->wtd_load)
		return x->wtd_load < y->wtd_load ? -1 : 1;
	return strcmp(x->endpoint, y->endpoint);
}

/* One entry into *ret; false when it is not for us. */
static bool read_entry(const struct vdf *v, struct cm_endpoint *ret)
{
	uint64_t load = 0;
	struct cm_endpoint e = { .endpoint = text_or(v, "endpoint", ""), .dc = text_or(v, "dc", "") };

	if (!type_of(text_or(v, "type", ""), &e.type) ||
		strcmp(text_or(v, "realm", "steamglobal"), "steamglobal") != 0)
		return false;
	if (vdf_number_at(v, "load", &load) && load <= UINT32_MAX)
		e.load = (uint32_t)load;
	e.wtd_load = strtod(text_or(v, "wtd_load", ""), NULL);
	if (!(e.wtd_load >= 0)) /* not a number sorts first as zero does */
		e.wtd_load = 0;
	*ret = e;
	return true;
}

enum rc cm_list_parse(const void *p, size_t n, struct arena *a, struct cm_list *ret_list, struct fault *f)
{
	struct vdf *doc;
	uint64_t success;
	enum rc rc = vdf_text_parse(p, n, a, &doc, NULL, f);
	if (rc != RC_OK)
		return rc;

	const struct vdf *servers = vdf_at(doc, "response/serverlist");
	if (vdf_number_at(doc, "response/success", &success) && success == 0)
		return fault_set(f, RC_REFUSED, "the CM directory refused: %.150s",
			text_or(doc, "response/message", "no reason"));
	if (!servers || servers->kind != VDF_OBJECT)
		return fault_set(f, RC_MALFORMED, "the CM directory's answer has no response/serverlist");
	if (servers->children > CM_LIST_MAX)
		return fault_set(f, RC_TOO_LARGE, "the CM directory names %u servers, at most %u are read",
			servers->children, CM_LIST_MAX);

	struct cm_list list = { .at = arena_take(a, (servers->children + 1) * sizeof(*list.at)) };
	if (!list.at)
		return fault_set(
			f, RC_TOO_LARGE, "the CM directory's answer needs more memory than its limit allows");
	for (const struct vdf *c = servers->first; c; c = c->next) {
		if (!read_entry(c, &list.at[list.n]))
			continue;
		if (!is_endpoint(list.at[list.n].endpoint))
			return fault_set(f, RC_MALFORMED, "the CM directory's entry %.20s is no host:port: '%.80s'",
				c->key, list.at[list.n].endpoint);
		list.n++;
	}
	qsort(list.at, list.n, sizeof(*list.at), by_load);
	*ret_list = list;
	return RC_OK;
}
