/* The source steam.workshop: PublishedFile.GetDetails over the session, 100 items a request. */
#include "agent/actions/titles/titles.h"

#include "agent/actions/ask.h"
#include "proto/steam/workshop.pb-c.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct titles_source titles_steam_workshop;

#define CALL_MS    30000u
#define BATCH      100
#define REFS_MAX   2000
#define COLLECTION 2 /* file_type */

static const char *visibility_of(uint32_t v)
{
	static const char *const words[] = { "public", "friends", "private", "unlisted" };
	return v < sizeof(words) / sizeof(*words) ? words[v] : NULL;
}

static const char *reason_of(uint32_t eresult)
{
	switch (eresult) {
	case ERESULT_FILE_NOT_FOUND:
		return TITLES_MISSING;
	case ERESULT_ACCESS_DENIED:
		return TITLES_DENIED;
	case ERESULT_RATE_LIMIT_EXCEEDED:
		return TITLES_RATE_LIMITED;
	default:
		return TITLES_EMPTY;
	}
}

static struct field_list children_of(struct arena *a, const PublishedFileDetails *d)
{
	const char **ids = arena_take(a, (d->n_children + 1) * sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; ids && i < d->n_children; i++) {
		ids[n] = arena_fmt(a, "%" PRIu64, d->children[i]->publishedfileid);
		n += ids[n] != NULL;
	}
	return (struct field_list){ ids, n };
}

/* With a file_url the item is that one file, and hcontent_file no manifest (steam-protocol facts 4.4). */
static void put(struct titles_poll *p, size_t at, const PublishedFileDetails *d)
{
	struct arena *a = p->task->arena;
	bool one_file = d && d->file_url && *d->file_url;

	if (!d || d->result != ERESULT_OK) {
		const struct action_title no = { .access = d && d->result == ERESULT_ACCESS_DENIED ? "denied"
												   : NULL };
		titles_unknown(p, at, d ? reason_of(d->result) : TITLES_EMPTY, &no);
		return;
	}
	const struct action_title t = { .access = "public",
		.name = d->title && *d->title ? d->title : NULL,
		.kind = d->file_type == COLLECTION ? "collection" : "item",
		.visibility = visibility_of((uint32_t)d->visibility),
		.updated_ms = (int64_t)d->time_updated * 1000,
		.size = d->file_size,
		.manifest = d->hcontent_file && !one_file ? arena_fmt(a, "%" PRIu64, d->hcontent_file) : NULL,
		.children = children_of(a, d) };
	titles_known(p, at, &t);
}

static const PublishedFileDetails *find(const CPublishedFileGetDetailsResponse *m, uint64_t id)
{
	for (size_t i = 0; i < m->n_publishedfiledetails; i++)
		if (m->publishedfiledetails[i]->publishedfileid == id)
			return m->publishedfiledetails[i];
	return NULL;
}

static enum rc ask(struct titles_poll *p, size_t from, uint64_t *ids, size_t n, bool *ret_sent, struct fault *f)
{
	CPublishedFileGetDetailsRequest m = CPUBLISHED_FILE__GET_DETAILS__REQUEST__INIT;
	struct ask q = { .method = "PublishedFile.GetDetails#1",
		.in = &m.base,
		.out = &cpublished_file__get_details__response__descriptor };
	struct action_task once = *p->task; /* one request has less time than the task */

	if (!titles_until(p, CALL_MS, &once.deadline_ms))
		return RC_TIMEOUT;
	m.publishedfileids = ids + from;
	m.n_publishedfileids = n;
	m.has_includechildren = m.includechildren = true;
	m.has_short_description = m.short_description = true;
	enum rc rc = ask_steam(&once, &q, f);
	p->task->eresult = once.eresult;
	p->task->code = once.code;
	p->calls += q.sent;
	*ret_sent = q.sent;
	p->alive = p->alive || rc == RC_OK || rc == RC_REFUSED;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		put(p, from + i, find((const CPublishedFileGetDetailsResponse *)q.got, ids[from + i]));
	return rc;
}

static enum rc read_ids(const struct titles_poll *p, uint64_t *ret, struct fault *f)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *s = p->refs[i];
		size_t digits = strspn(s, "0123456789");
		ret[i] = digits && digits <= 20 && !s[digits] ? strtoull(s, NULL, 10) : 0;
		if (ret[i] == 0)
			return fault_set(f, RC_INVALID, "refs: %.30s is no id of an item", s);
	}
	return RC_OK;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	uint64_t *ids = arena_take(p->task->arena, (p->n + 1) * sizeof(*ids));
	bool sent = false, once = false;

	if (!ids)
		return RC_NOMEM;
	enum rc rc = read_ids(p, ids, f);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < p->n && rc == RC_OK; i += BATCH) {
		rc = ask(p, i, ids, p->n - i < BATCH ? p->n - i : BATCH, &once, f);
		sent = sent || once;
		if (rc == RC_OK)
			rc = titles_tell(p, f);
	}
	if (rc == RC_REFUSED)
		p->rest = reason_of((uint32_t)p->task->eresult);
	return sent && rc != RC_CANCELED && rc != RC_NOMEM ? RC_OK : rc;
}

const struct titles_source titles_steam_workshop = {
	.name = "steam.workshop", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
