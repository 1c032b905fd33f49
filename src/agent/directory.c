#include "agent/directory.h"

#include "flow/steam_cms.h"
#include "io/http_call.h"
#include "wire/steam/cm_list.h"

const char *const directory_transport_words[] = { "websocket", "tcp", "any", NULL };
static const char *const type_query[] = { "&cmtype=websockets", "&cmtype=netfilter", "" };

static bool fits(const struct cm_endpoint *e, enum directory_transport transport)
{
	return transport == DIRECTORY_ANY || (e->type == CM_WEBSOCKETS) == (transport == DIRECTORY_WEBSOCKET);
}

static enum rc read_list(const struct http_answer *answer, enum directory_transport transport, struct arena *a,
	const char ***ret_at, size_t *ret_n, struct fault *f)
{
	struct cm_list list;
	size_t n = 0;

	if (answer->status != 200)
		return fault_set(f, RC_REFUSED, "Steam's directory answered with status %d", answer->status);
	enum rc rc = cm_list_parse(answer->body.p, answer->body.n, a, &list, f);
	if (rc != RC_OK)
		return rc;
	const char **at = arena_take(a, (list.n + 1) * sizeof(*at));
	if (!at)
		return RC_NOMEM;
	for (size_t i = 0; i < list.n && n < STEAM_CMS_MAX; i++) {
		const struct cm_endpoint *e = &list.at[i];
		if (!fits(e, transport))
			continue;
		at[n] = e->type == CM_WEBSOCKETS ? e->endpoint : arena_fmt(a, "%s%s", STEAM_CMS_TCP, e->endpoint);
		if (!at[n++])
			return RC_NOMEM;
	}
	if (n == 0)
		return fault_set(f, RC_MISSING, "Steam's directory names no server for the transport \"%s\"",
			directory_transport_words[transport]);
	*ret_at = at;
	*ret_n = n;
	return RC_OK;
}

enum rc directory_fetch(
	const struct directory_ask *ask, struct arena *a, const char ***ret_at, size_t *ret_n, struct fault *f)
{
	struct http_answer answer = { 0 };
	const struct http_ask get = { .url = arena_fmt(
					      a, "%s?cellid=0%s&format=vdf", ask->url, type_query[ask->transport]),
		.tls_ca = ask->ca_file,
		.http_proxy = ask->http_proxy,
		.body_max = DIRECTORY_ANSWER_MAX,
		.deadline_ms = DIRECTORY_MS };

	if (!get.url)
		return RC_NOMEM;
	enum rc rc = http_call(&get, &answer, f);
	if (rc == RC_OK)
		rc = read_list(&answer, ask->transport, a, ret_at, ret_n, f);
	http_answer_done(&answer);
	return rc;
}
