/* workshop.details: what Steam says of workshop items, over the agent's own session. */
#include "agent/actions/ask.h"
#include "model/action_pics.h"
#include "proto/steam/workshop.pb-c.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <string.h>

extern const struct action_run workshop_details;

static const char *word_of(uint32_t eresult)
{
	switch (eresult) {
	case ERESULT_OK:
		return "ok";
	case ERESULT_FILE_NOT_FOUND:
		return "not_found";
	case ERESULT_ACCESS_DENIED:
		return "private";
	default:
		return "error";
	}
}

static const char *visibility_of(uint32_t v)
{
	static const char *const words[] = { "public", "friends", "private", "unlisted" };
	return v < sizeof(words) / sizeof(*words) ? words[v] : NULL;
}

static const PublishedFileDetails *find(const CPublishedFileGetDetailsResponse *m, uint64_t id)
{
	for (size_t i = 0; i < m->n_publishedfiledetails; i++)
		if (m->publishedfiledetails[i]->publishedfileid == id)
			return m->publishedfiledetails[i];
	return NULL;
}

static enum rc put_children(struct action_task *t, const PublishedFileDetails *d, struct field_list *ret)
{
	const char **ids = arena_take(t->arena, (d->n_children + 1) * sizeof(*ids));

	if (!ids)
		return RC_NOMEM;
	for (size_t i = 0; i < d->n_children; i++) {
		ids[i] = arena_fmt(t->arena, "%" PRIu64, d->children[i]->publishedfileid);
		if (!ids[i])
			return RC_NOMEM;
	}
	*ret = (struct field_list){ ids, d->n_children };
	return RC_OK;
}

/* With a file_url the item is that one file, and hcontent_file no manifest (steam-protocol facts 4.4). */
static enum rc put(struct action_task *t, const PublishedFileDetails *d, struct action_workshop_item *to)
{
	bool one_file = d->file_url && *d->file_url;

	to->status = word_of(d->result);
	to->eresult = d->result == ERESULT_OK ? 0 : d->result;
	if (d->result != ERESULT_OK)
		return RC_OK;
	to->app = d->consumer_appid;
	to->title = d->title;
	to->updated_ms = (int64_t)d->time_updated * 1000;
	to->size = d->file_size;
	to->manifest = one_file ? 0 : d->hcontent_file;
	to->file_url = one_file ? d->file_url : NULL;
	to->filename = one_file ? d->filename : NULL;
	to->visibility = visibility_of((uint32_t)d->visibility);
	return put_children(t, d, &to->children);
}

static enum rc read_ids(struct action_task *t, const struct action_workshop *want, uint64_t *ids, struct fault *f)
{
	const char *const *texts = want->ids.at;

	(void)t;
	for (size_t i = 0; i < want->ids.n; i++) {
		char *end;
		ids[i] = strtoull(texts[i], &end, 10);
		if (ids[i] == 0 || *end || strlen(texts[i]) > 20)
			return fault_set(f, RC_INVALID, "ids: %.30s is no id", texts[i]);
	}
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_workshop *want = in;
	struct action_workshop_result *result = out;
	struct action_workshop_item *to = arena_take(t->arena, (want->ids.n + 1) * sizeof(*to));
	uint64_t ids[ACTION_WORKSHOP_MAX];
	CPublishedFileGetDetailsRequest m = CPUBLISHED_FILE__GET_DETAILS__REQUEST__INIT;
	struct ask q = { .method = "PublishedFile.GetDetails#1",
		.in = &m.base,
		.out = &cpublished_file__get_details__response__descriptor };

	if (!to)
		return RC_NOMEM;
	enum rc rc = read_ids(t, want, ids, f);
	m.publishedfileids = ids;
	m.n_publishedfileids = want->ids.n;
	m.has_includechildren = m.includechildren = true;
	m.has_short_description = m.short_description = true;
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	for (size_t i = 0; i < want->ids.n && rc == RC_OK; i++) {
		const PublishedFileDetails *d = find((const CPublishedFileGetDetailsResponse *)q.got, ids[i]);
		to[i] = (struct action_workshop_item){ .id = ids[i], .status = "not_found" };
		if (d)
			rc = put(t, d, &to[i]);
	}
	result->items = (struct field_list){ to, want->ids.n };
	return rc;
}

const struct action_run workshop_details = { .name = "workshop.details", .run = run };
