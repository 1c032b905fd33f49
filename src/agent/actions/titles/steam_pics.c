/*
 * The source steam.pics: product info over the agent's own session, or the account's when the task has one. What the requests before have
 * brought is kept when one is lost: then the titles that were not asked are unknown for lack of time.
 */
#include "agent/actions/titles/titles.h"

#include "agent/sessions_call.h"
#include "wire/steam/titles_facts.h"
#include "wire/steam/vdf.h"
#include "wire/tunnel_auth.h"

#include <stdlib.h>
#include <string.h>

extern const struct titles_source titles_steam_pics;

#define TREE_MAX    (64u << 20) /* memory to read one record in */
#define CALL_MS     30000u      /* a request that takes longer is lost */
#define PATIENCE_MS 500u        /* the session's own end of the question comes first, and brings what there is */

/* ---- one record ---- */

static bool put_branches(struct arena *a, const struct titles_facts *from, struct field_list *ret)
{
	struct action_title_branch *to = arena_take(a, (from->branches_n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < from->branches_n; i++)
		to[i] = (struct action_title_branch){ .name = arena_str(a, from->branches[i].name),
			.build_id = arena_str(a, from->branches[i].build_id),
			.updated_ms = from->branches[i].updated_ms,
			.locked = from->branches[i].locked };
	*ret = (struct field_list){ to, from->branches_n };
	return to != NULL;
}

static const char *copy(struct arena *a, const char *s) { return s && *s ? arena_str(a, s) : NULL; }

static bool put_depots(struct arena *a, const struct titles_facts *from, struct field_list *ret)
{
	struct action_title_depot *to = arena_take(a, (from->depots_n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < from->depots_n; i++) {
		const struct titles_facts_depot *d = &from->depots[i];
		to[i] = (struct action_title_depot){ .depot = arena_str(a, d->depot),
			.branch = copy(a, d->branch),
			.manifest = copy(a, d->manifest),
			.size = d->size,
			.download_size = d->download,
			.os = copy(a, d->os),
			.arch = copy(a, d->arch),
			.language = copy(a, d->language),
			.from_app = copy(a, d->from_app),
			.dlc_app = copy(a, d->dlc_app) };
	}
	*ret = (struct field_list){ to, from->depots_n };
	return to != NULL;
}

static bool put_sections(struct arena *a, const struct titles_facts *from, struct field_list *ret)
{
	struct action_title_section *to = arena_take(a, (from->sections_n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < from->sections_n; i++)
		to[i] = (struct action_title_section){ arena_str(a, from->sections[i].name),
			arena_str(a, from->sections[i].sha1) };
	*ret = (struct field_list){ to, from->sections_n };
	return to != NULL;
}

/* False: it cannot be read. */
static bool read_record(struct arena *a, const struct steam_product *p, struct action_title *to)
{
	struct arena tree = { .limit = TREE_MAX };
	struct titles_facts facts;
	struct vdf *doc;

	bool read = pics_parse(p->kind, p->buffer, p->buffer_n, &tree, &doc, NULL) == RC_OK &&
		    titles_facts_read(doc, &tree, &facts, NULL) == RC_OK;
	if (read) {
		to->name = copy(a, facts.name);
		to->kind = copy(a, facts.kind);
		to->visibility = copy(a, facts.state);
		to->updated_ms = facts.updated_ms;
		read = put_branches(a, &facts, &to->branches) && put_depots(a, &facts, &to->depots) &&
		       put_sections(a, &facts, &to->sections);
	}
	arena_done(&tree);
	return read;
}

static void put_known(struct titles_poll *p, size_t at, const struct steam_product *got)
{
	struct arena *a = p->task->arena;
	struct action_title t = { .change_number = got->change_number,
		.access = got->denied                        ? "denied"
			  : got->missing_token || got->token ? "token"
							     : "public" };
	char *sha = got->has_sha ? arena_take(a, 2 * PICS_SHA + 1) : NULL;

	if (sha)
		tunnel_auth_hex(got->sha, PICS_SHA, sha);
	t.sha1 = sha;
	bool whole = !p->want->metadata_only;
	if (whole && got->missing_token)
		titles_unknown(p, at, TITLES_MISSING_TOKEN, &t);
	else if (whole && got->buffer_n == 0)
		titles_unknown(p, at, TITLES_EMPTY, &t);
	else if (!whole || read_record(a, got, &t))
		titles_known(p, at, &t);
	else
		titles_unknown(p, at, TITLES_PARSE, NULL);
}

static void put(struct titles_poll *p, size_t at, const struct steam_product *got, bool whole)
{
	switch (got->state) {
	case STEAM_PRODUCT_KNOWN:
		put_known(p, at, got);
		break;
	case STEAM_PRODUCT_UNKNOWN:
		titles_unknown(p, at, TITLES_MISSING, NULL);
		break;
	case STEAM_PRODUCT_DAMAGED:
		titles_unknown(p, at, TITLES_PARSE, NULL);
		break;
	case STEAM_PRODUCT_UNANSWERED:
		titles_unknown(p, at, whole ? TITLES_EMPTY : p->rest, NULL);
		break;
	}
}

/* ---- requests ---- */

static enum rc read_ids(const struct titles_poll *p, struct steam_product *to, struct fault *f)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *s = p->refs[i];
		size_t digits = strspn(s, "0123456789");
		unsigned long long id = digits && digits <= 10 && !s[digits] ? strtoull(s, NULL, 10) : 0;
		if (id == 0 || id > UINT32_MAX)
			return fault_set(f, RC_INVALID, "refs: %.30s is no id of an app", s);
		to[i] = (struct steam_product){ .kind = PICS_APP, .id = (uint32_t)id };
	}
	return RC_OK;
}

/*
 * One request and what follows of it (tokens, and what they open). RC_OK: go on. RC_TIMEOUT, RC_AWAY …: it is lost, and with it what is not
 * asked yet. *ret_asked: it was put to Steam.
 */
static enum rc ask(
	struct titles_poll *p, struct steam_product *some, size_t from, size_t n, bool *ret_asked, struct fault *f)
{
	struct action_task *t = p->task;
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = t->account_id,
		.ask = { .kind = STEAM_CALL_PRODUCTS,
			.products = some + from,
			.products_n = n,
			.metadata_only = p->want->metadata_only,
			.gap_ms = sessions_pics_interval_ms(t->sessions) },
		.tokens = some + from,
		.scope = t->scope,
		.reads = t->reads };

	enum rc rc = task_lanes(t, (enum lane[]){ LANE_PICS_INFO }, 1, f);
	if (rc == RC_OK && !titles_until(p, CALL_MS, &c.ask.deadline_ms))
		rc = RC_TIMEOUT;
	if (rc != RC_OK)
		return rc;
	c.deadline_ms = c.ask.deadline_ms + PATIENCE_MS;
	rc = sessions_do(t->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	*ret_asked = *c.endpoint != 0;
	p->calls += *ret_asked;
	t->eresult = c.eresult;
	if (c.offline)
		t->code = "session_offline";
	for (size_t i = 0; answer && i < answer->products_n; i++) {
		const struct steam_product *got = &answer->products[i];
		bool some_came = got->state != STEAM_PRODUCT_UNANSWERED;
		p->alive = p->alive || some_came || rc == RC_OK;
		if (some_came || rc == RC_OK)
			put(p, from + i, got, rc == RC_OK);
	}
	return rc;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	size_t batch = p->want->metadata_only ? STEAM_CALL_BATCH_META : STEAM_CALL_BATCH_FULL;
	struct steam_product *all = arena_take(p->task->arena, (p->n + 1) * sizeof(*all));
	bool asked = false;

	if (!all)
		return RC_NOMEM;
	enum rc rc = read_ids(p, all, f);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < p->n && rc == RC_OK; i += batch) {
		size_t n = p->n - i < batch ? p->n - i : batch;
		bool now = false;
		rc = ask(p, all, i, n, &now, f);
		asked = asked || now;
		if (rc == RC_OK)
			rc = titles_tell(p, f);
	}
	/* Lost on the way: the answers before count. Never asked: Steam was not reached, and the task has failed. */
	return asked && rc != RC_CANCELED && rc != RC_NOMEM ? RC_OK : rc;
}

const struct titles_source titles_steam_pics = {
	.name = "steam.pics", .run = run, .refs_max = ACTION_TITLES_FULL, .refs_max_metadata = ACTION_TITLES_MAX
};
