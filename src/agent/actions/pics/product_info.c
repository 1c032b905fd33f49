/* pics.product_info: what Steam says of apps and packages, its tree of keys and values written as JSON. */
#include "agent/action_run.h"
#include "agent/sessions_call.h"
#include "model/action_pics.h"
#include "wire/steam/vdf.h"
#include "wire/tunnel_auth.h"

#include <string.h>

extern const struct action_run pics_product_info;

#define TREE_MAX (64u << 20) /* memory to read one record in */

static enum rc want_of(struct action_task *t, const struct action_product_info *in, struct steam_ask *ask)
{
	size_t n = in->apps.n + in->packages.n;
	const uint32_t *apps = in->apps.at, *packages = in->packages.at;
	struct steam_product *to = arena_take(t->arena, (n + 1) * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < in->apps.n; i++)
		to[i] = (struct steam_product){ .kind = PICS_APP, .id = apps[i] };
	for (size_t i = 0; i < in->packages.n; i++)
		to[in->apps.n + i] = (struct steam_product){ .kind = PICS_PACKAGE, .id = packages[i] };
	*ask = (struct steam_ask){ .kind = STEAM_CALL_PRODUCTS,
		.products = to,
		.products_n = n,
		.metadata_only = in->metadata_only,
		.gap_ms = sessions_pics_interval_ms(t->sessions) * (in->metadata_only ? 2 : 1) };
	return RC_OK;
}

/* The record as JSON, and its name when it has one. The document's one child is the record itself. */
static enum rc read_tree(
	struct action_task *t, const struct steam_product *p, struct action_product *to, struct fault *f)
{
	struct arena a = { .limit = TREE_MAX };
	struct buf json = { 0 };
	struct vdf *doc;

	enum rc rc = pics_parse(p->kind, p->buffer, p->buffer_n, &a, &doc, f);
	if (rc == RC_OK) {
		const char *name = doc->first ? vdf_text_at(doc->first, "common/name") : NULL;
		if (doc->first)
			vdf_json(&json, doc->first);
		else
			buf_str(&json, "{}");
		to->name = arena_str(t->arena, name);
		to->data = json.bad ? NULL : arena_strn(t->arena, (const char *)json.p, json.n);
		rc = to->data ? RC_OK
			      : fault_set(f, RC_TOO_LARGE, "the records take too much memory: ask for fewer ids");
	}
	buf_done(&json);
	arena_done(&a);
	return rc;
}

static enum rc put_known(
	struct action_task *t, const struct steam_product *p, struct field_list *to, struct fault *f)
{
	struct action_product *one = (struct action_product *)to->at + to->n;

	*one = (struct action_product){
		.id = p->id, .change_number = p->change_number, .size = p->size, .missing_token = p->missing_token
	};
	if (p->has_sha) {
		char *sha = arena_take(t->arena, 2 * PICS_SHA + 1);
		if (!sha)
			return RC_NOMEM;
		tunnel_auth_hex(p->sha, PICS_SHA, sha);
		one->sha1 = sha;
	}
	to->n++;
	return p->buffer && p->buffer_n ? read_tree(t, p, one, f) : RC_OK;
}

static enum rc put_all(struct action_task *t, const struct steam_call *answer,
	struct action_product_info_result *to, struct fault *f)
{
	for (size_t i = 0; i < answer->products_n; i++) {
		const struct steam_product *p = &answer->products[i];
		bool app = p->kind == PICS_APP;
		struct field_list *unknown = app ? &to->unknown_apps : &to->unknown_packages;
		enum rc rc = RC_OK;

		switch (p->state) {
		case STEAM_PRODUCT_UNKNOWN:
			((uint32_t *)unknown->at)[unknown->n++] = p->id;
			break;
		case STEAM_PRODUCT_KNOWN:
			rc = put_known(t, p, app ? &to->apps : &to->packages, f);
			break;
		case STEAM_PRODUCT_DAMAGED:
			rc = fault_set(
				f, RC_AWAY, "Steam sent a damaged record of %s %u", app ? "app" : "package", p->id);
			break;
		case STEAM_PRODUCT_UNANSWERED:
			rc = fault_set(f, RC_AWAY, "Steam left out %s %u", app ? "app" : "package", p->id);
			break;
		}
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static bool make_room(struct action_task *t, size_t n, struct action_product_info_result *to)
{
	to->apps.at = arena_take(t->arena, (n + 1) * sizeof(struct action_product));
	to->packages.at = arena_take(t->arena, (n + 1) * sizeof(struct action_product));
	to->unknown_apps.at = arena_take(t->arena, (n + 1) * sizeof(uint32_t));
	to->unknown_packages.at = arena_take(t->arena, (n + 1) * sizeof(uint32_t));
	return to->apps.at && to->packages.at && to->unknown_apps.at && to->unknown_packages.at;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_product_info *want = in;
	struct action_product_info_result *to = out;
	struct sessions_call c = { .want = SESSIONS_ASK, .deadline_ms = t->deadline_ms, .scope = t->scope };
	size_t n = want->apps.n + want->packages.n;

	if (n > STEAM_CALL_IDS_MAX)
		return fault_set(f, RC_INVALID, "one task asks for at most %d ids, not %zu", STEAM_CALL_IDS_MAX, n);
	if (!make_room(t, n, to))
		return RC_NOMEM;
	if (n == 0)
		return RC_OK;
	enum rc rc = want_of(t, want, &c.ask);
	if (rc != RC_OK)
		return rc;
	rc = sessions_do(t->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	t->eresult = c.eresult;
	return rc == RC_OK ? put_all(t, answer, to, f) : rc;
}

const struct action_run pics_product_info = { .name = "pics.product_info", .run = run };
