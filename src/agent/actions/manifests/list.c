/* manifests.list: the manifests of an app's depots on a branch, as its record says. What another app has is looked up there. */
#include "agent/action_run.h"
#include "agent/actions/manifests/record.h"
#include "agent/sessions_call.h"
#include "model/action_download.h"

#include <stdlib.h>
#include <string.h>

extern const struct action_run manifests_list;

#define TREE_MAX (64u << 20) /* memory to read one record in */
#define APPS_MAX 16          /* other apps that have depots of this one */

/* The record of an app, as it is read into `a`. */
enum rc manifests_record(
	struct action_task *t, uint32_t app, struct arena *a, struct titles_facts *ret, struct fault *f)
{
	struct steam_product one = { .kind = PICS_APP, .id = app };
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = t->account_id,
		.ask = { .kind = STEAM_CALL_PRODUCTS,
			.products = &one,
			.products_n = 1,
			.gap_ms = sessions_pics_interval_ms(t->sessions) },
		.tokens = &one,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };
	struct vdf *doc;

	enum rc rc = task_lanes(t, (enum lane[]){ LANE_PICS_INFO }, 1, f);
	if (rc == RC_OK)
		rc = sessions_do(t->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	t->eresult = c.eresult;
	if (c.offline)
		t->code = "session_offline";
	if (rc != RC_OK)
		return rc;
	const struct steam_product *p = &answer->products[0];
	if (p->state == STEAM_PRODUCT_UNKNOWN) {
		t->code = "not_found";
		return fault_set(f, RC_MISSING, "Steam knows no app %u", app);
	}
	if (p->missing_token) {
		t->code = "access_denied";
		return fault_set(f, RC_DENIED, "Steam does not tell this account of app %u", app);
	}
	if (p->state != STEAM_PRODUCT_KNOWN || p->buffer_n == 0)
		return fault_set(f, RC_AWAY, "Steam left out app %u", app);
	rc = pics_parse(PICS_APP, p->buffer, p->buffer_n, a, &doc, f);
	return rc == RC_OK ? titles_facts_read(doc, a, ret, f) : rc;
}

/* The rows so far; those that another app has are looked up when the first app's are there. */
struct listing {
	struct action_task *task;
	const struct action_manifests_list *want;
	const char *branch;
	struct action_manifest_row *rows;
	size_t n, room;
	struct {
		uint32_t app, depot;
	} elsewhere[APPS_MAX];
	unsigned elsewhere_n;
};

static bool add(struct listing *l, const struct titles_facts_depot *d)
{
	struct arena *a = l->task->arena;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct action_manifest_row *more = arena_take(a, room * sizeof(*more));
		if (!more)
			return false;
		if (l->n)
			memcpy(more, l->rows, l->n * sizeof(*more));
		l->rows = more;
		l->room = room;
	}
	struct action_manifest_row *to = &l->rows[l->n++];
	*to = (struct action_manifest_row){ .depot = arena_str(a, d->depot),
		.manifest = arena_str(a, d->manifest),
		.branch = arena_str(a, d->branch),
		.size = d->size,
		.download_size = d->download };
	return to->depot && to->manifest && to->branch;
}

static uint32_t id_of(const char *s) { return s ? (uint32_t)strtoul(s, NULL, 10) : 0; }

/* Those of a record; `depot` 0: all. */
static bool take_record(struct listing *l, const struct titles_facts *facts, uint32_t depot)
{
	for (size_t i = 0; i < facts->depots_n; i++) {
		const struct titles_facts_depot *d = &facts->depots[i];
		uint32_t from = id_of(d->from_app);
		if (depot && id_of(d->depot) != depot)
			continue;
		if (!*d->manifest && from && from != l->want->app && l->elsewhere_n < APPS_MAX) {
			l->elsewhere[l->elsewhere_n].app = from;
			l->elsewhere[l->elsewhere_n++].depot = id_of(d->depot);
		}
		if (*d->manifest && !strcmp(d->branch, l->branch) && !add(l, d))
			return false;
	}
	return true;
}

static enum rc take_app(struct listing *l, uint32_t app, uint32_t depot, struct fault *f)
{
	struct arena tree = { .limit = TREE_MAX };
	struct titles_facts facts;

	enum rc rc = manifests_record(l->task, app, &tree, &facts, f);
	if (rc == RC_OK && !take_record(l, &facts, depot))
		rc = RC_NOMEM;
	arena_done(&tree);
	return rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_manifests_list *want = in;
	struct action_manifests_list_result *to = out;
	struct listing l = {
		.task = t, .want = want, .branch = want->branch && *want->branch ? want->branch : "public"
	};

	if (want->app == 0)
		return fault_set(f, RC_INVALID, "app: 0 is no app");
	enum rc rc = take_app(&l, want->app, want->depot, f);
	unsigned n = l.elsewhere_n;
	l.branch = "public"; /* another app has no branch of this one */
	for (unsigned i = 0; i < n && rc == RC_OK; i++)
		rc = take_app(&l, l.elsewhere[i].app, l.elsewhere[i].depot, f);
	to->manifests = (struct field_list){ l.rows, l.n };
	return rc;
}

const struct action_run manifests_list = { .name = "manifests.list", .run = run };
