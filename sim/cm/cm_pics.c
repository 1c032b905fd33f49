#include "sim/cm/cm_pics.h"
#include "sim/library.h"

#include "base/arena.h"
#include "wire/steam/emsg.h"
#include "wire/steam/multi.h"

#include <string.h>

#define HTTP_MIN_SIZE 1024
#define HTTP_HOST     "clientconfig.akamai.steamstatic.com"

static void put(struct buf *run, struct steam_frame head, uint32_t emsg, const ProtobufCMessage *m)
{
	struct buf one = { 0 };
	head.emsg = emsg;
	steam_frame_write_message(&one, &head, m);
	steam_multi_add(run, one.p, one.n);
	run->bad |= one.bad;
	buf_done(&one);
}

/* ---- changes since ---- */

/* Is its change in the list? With `coalesce` every second one is not, by its number. */
static bool is_told(const struct product *p, enum pics_kind kind, uint32_t since, bool coalesce)
{
	return p->kind == kind && p->change > since && !p->untold && !(coalesce && p->change % 2 != 0);
}

static size_t count_changes(const struct world *w, enum pics_kind kind, uint32_t since)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n; i++)
		n += w->at[i].kind == kind && w->at[i].change > since;
	return n;
}

static bool fill_apps(const struct world *w, CMsgClientPICSChangesSinceResponse *m, uint32_t since, bool coalesce,
	struct arena *a)
{
	size_t n = count_changes(w, PICS_APP, since);
	CMsgClientPICSChangesSinceResponse__AppChange *at = arena_take(a, (n + 1) * sizeof(*at));
	m->app_changes = arena_take(a, (n + 1) * sizeof(void *));
	if (!at || !m->app_changes)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		const struct product *p = &w->at[i];
		if (!is_told(p, PICS_APP, since, coalesce))
			continue;
		CMsgClientPICSChangesSinceResponse__AppChange *c = m->app_changes[m->n_app_changes] =
			&at[m->n_app_changes];
		cmsg_client_picschanges_since_response__app_change__init(c);
		c->has_appid = c->has_change_number = 1;
		c->appid = p->id;
		c->change_number = p->change;
		c->has_needs_token = c->needs_token = p->token != 0;
		m->n_app_changes++;
	}
	return true;
}

static bool fill_packages(const struct world *w, CMsgClientPICSChangesSinceResponse *m, uint32_t since,
	bool coalesce, struct arena *a)
{
	size_t n = count_changes(w, PICS_PACKAGE, since);
	CMsgClientPICSChangesSinceResponse__PackageChange *at = arena_take(a, (n + 1) * sizeof(*at));
	m->package_changes = arena_take(a, (n + 1) * sizeof(void *));
	if (!at || !m->package_changes)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		const struct product *p = &w->at[i];
		if (!is_told(p, PICS_PACKAGE, since, coalesce))
			continue;
		CMsgClientPICSChangesSinceResponse__PackageChange *c = m->package_changes[m->n_package_changes] =
			&at[m->n_package_changes];
		cmsg_client_picschanges_since_response__package_change__init(c);
		c->has_packageid = c->has_change_number = 1;
		c->packageid = p->id;
		c->change_number = p->change;
		c->has_needs_token = c->needs_token = p->token != 0;
		m->n_package_changes++;
	}
	return true;
}

/* Too long ago, or never: the client must look at everything. */
static bool is_gap(const struct world *w, uint32_t since)
{
	if (since == 0 || (since < w->change && w->change - since > w->history))
		return true;
	return count_changes(w, PICS_APP, since) + count_changes(w, PICS_PACKAGE, since) > WORLD_CHANGES_MAX;
}

bool cm_pics_changes(struct sim *sim, const CMsgClientPICSChangesSinceRequest *m, struct steam_frame head,
	const struct effect *effect, struct buf *run)
{
	const struct world *w = &sim->world;
	CMsgClientPICSChangesSinceResponse answer = CMSG_CLIENT_PICSCHANGES_SINCE_RESPONSE__INIT;
	struct arena a = { 0 };
	bool good = true;

	answer.has_current_change_number = answer.has_since_change_number = 1;
	answer.current_change_number = w->change;
	answer.since_change_number = m->since_change_number;
	if (effect->gap || is_gap(w, m->since_change_number)) {
		answer.has_force_full_update = answer.force_full_update = 1;
		answer.has_force_full_app_update = answer.force_full_app_update = m->send_app_info_changes;
		answer.has_force_full_package_update = answer.force_full_package_update =
			m->send_package_info_changes;
	} else if (!effect->empty) {
		if (m->send_app_info_changes)
			good = fill_apps(w, &answer, m->since_change_number, effect->coalesce, &a);
		if (good && m->send_package_info_changes)
			good = fill_packages(w, &answer, m->since_change_number, effect->coalesce, &a);
	}
	if (good)
		put(run, head, EMSG_CLIENT_PICS_CHANGES_SINCE_RESPONSE, &answer.base);
	arena_done(&a);
	return good && !run->bad;
}

/* ---- access tokens ---- */

static bool is_denied(const struct cm_pics_ask *q, const struct product *p)
{
	return p->denied && !(p->kind == PICS_APP && q->who && library_owns_app(q->sim, q->who, p->id));
}

bool cm_pics_tokens(const struct cm_pics_ask *q, const CMsgClientPICSAccessTokenRequest *m, struct buf *run)
{
	const struct effect *effect = q->effect;
	CMsgClientPICSAccessTokenResponse answer = CMSG_CLIENT_PICSACCESS_TOKEN_RESPONSE__INIT;
	struct arena a = { 0 };
	size_t apps = effect->empty ? 0 : m->n_appids, packages = effect->empty ? 0 : m->n_packageids;
	CMsgClientPICSAccessTokenResponse__AppToken *app = arena_take(&a, (apps + 1) * sizeof(*app));
	CMsgClientPICSAccessTokenResponse__PackageToken *package =
		arena_take(&a, (packages + 1) * sizeof(*package));
	answer.app_access_tokens = arena_take(&a, (apps + 1) * sizeof(void *));
	answer.app_denied_tokens = arena_take(&a, (apps + 1) * sizeof(void *));
	answer.package_access_tokens = arena_take(&a, (packages + 1) * sizeof(void *));
	answer.package_denied_tokens = arena_take(&a, (packages + 1) * sizeof(void *));
	bool good = app && package && answer.app_access_tokens && answer.app_denied_tokens &&
		    answer.package_access_tokens && answer.package_denied_tokens;

	for (size_t i = 0; good && i < apps; i++) {
		const struct product *p = world_find(&q->sim->world, PICS_APP, m->appids[i]);
		if (!p || is_denied(q, p)) {
			answer.app_denied_tokens[answer.n_app_denied_tokens++] = m->appids[i];
			continue;
		}
		cmsg_client_picsaccess_token_response__app_token__init(&app[i]);
		app[i].has_appid = app[i].has_access_token = 1;
		app[i].appid = p->id;
		app[i].access_token = p->token;
		answer.app_access_tokens[answer.n_app_access_tokens++] = &app[i];
	}
	for (size_t i = 0; good && i < packages; i++) {
		const struct product *p = world_find(&q->sim->world, PICS_PACKAGE, m->packageids[i]);
		if (!p || is_denied(q, p)) {
			answer.package_denied_tokens[answer.n_package_denied_tokens++] = m->packageids[i];
			continue;
		}
		cmsg_client_picsaccess_token_response__package_token__init(&package[i]);
		package[i].has_packageid = package[i].has_access_token = 1;
		package[i].packageid = p->id;
		package[i].access_token = p->token;
		answer.package_access_tokens[answer.n_package_access_tokens++] = &package[i];
	}
	if (good)
		put(run, q->head, EMSG_CLIENT_PICS_ACCESS_TOKEN_RESPONSE, &answer.base);
	arena_done(&a);
	return good && !run->bad;
}

/* ---- product info ---- */

/* One part of the answer while it is filled. */
struct part {
	const struct cm_pics_ask *ask;
	struct buf *run;
	struct arena arena;
	CMsgClientPICSProductInfoResponse m;
	size_t room, bytes; /* places in each list; bytes of buffers so far */
	bool meta, good;
	struct buf public_parts; /* texts are in the arena; this one is scratch */
};

static bool begin(struct part *p)
{
	CMsgClientPICSProductInfoResponse fresh = CMSG_CLIENT_PICSPRODUCT_INFO_RESPONSE__INIT;

	arena_reset(&p->arena);
	p->m = fresh;
	p->bytes = 0;
	p->m.apps = arena_take(&p->arena, p->room * sizeof(void *));
	p->m.packages = arena_take(&p->arena, p->room * sizeof(void *));
	p->m.unknown_appids = arena_take(&p->arena, p->room * sizeof(*p->m.unknown_appids));
	p->m.unknown_packageids = arena_take(&p->arena, p->room * sizeof(*p->m.unknown_packageids));
	p->m.has_meta_data_only = p->m.has_response_pending = 1;
	p->m.meta_data_only = p->meta;
	if (p->meta) {
		p->m.has_http_min_size = 1;
		p->m.http_min_size = HTTP_MIN_SIZE;
		p->m.http_host = (char *)HTTP_HOST;
	}
	return p->good = p->m.apps && p->m.packages && p->m.unknown_appids && p->m.unknown_packageids;
}

static void flush(struct part *p, bool last)
{
	p->m.response_pending = !last;
	put(p->run, p->ask->head, EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE, &p->m.base);
	if (!last)
		begin(p);
}

/* What the answer says of one product: whole, or its public part when the token is missing. */
struct shown {
	struct product *product;
	bool missing;
	ProtobufCBinaryData buffer, sha;
	uint32_t size;
};

static bool show(struct part *p, struct product *product, uint64_t token, struct shown *ret)
{
	struct shown s = { .product = product };

	if (world_ready(product, NULL) != RC_OK)
		return false;
	s.missing = p->ask->effect->missing_token ||
		    (product->token != 0 && (is_denied(p->ask, product) || token != product->token));
	s.buffer = (ProtobufCBinaryData){ .data = product->buffer.p, .len = product->buffer.n };
	s.sha = (ProtobufCBinaryData){ .data = product->sha, .len = PICS_SHA };
	if (s.missing) {
		p->public_parts.n = 0;
		world_public_part(product, &p->public_parts);
		s.buffer.len = p->public_parts.n;
		s.buffer.data = arena_take(&p->arena, s.buffer.len + 1);
		s.sha.data = arena_take(&p->arena, PICS_SHA);
		if (!s.buffer.data || !s.sha.data || p->public_parts.bad)
			return false;
		if (s.buffer.len > 0)
			memcpy(s.buffer.data, p->public_parts.p, s.buffer.len);
		pics_sha(product->kind, s.buffer.data, s.buffer.len, s.sha.data);
	}
	s.size = (uint32_t)s.buffer.len;
	if (p->meta)
		s.buffer = (ProtobufCBinaryData){ 0 };
	p->bytes += s.buffer.len + 64;
	*ret = s;
	return true;
}

static bool put_app(struct part *p, uint32_t id, uint64_t token)
{
	struct product *product = world_find(&p->ask->sim->world, PICS_APP, id);
	struct shown s;

	if (!product || product->gone) {
		p->m.unknown_appids[p->m.n_unknown_appids++] = id;
		return true;
	}
	*(p->meta ? &product->asked_meta : &product->asked_full) += 1;
	if (p->ask->effect->empty)
		return true;
	CMsgClientPICSProductInfoResponse__AppInfo *a = arena_take(&p->arena, sizeof(*a));
	if (!a || !show(p, product, token, &s))
		return false;
	cmsg_client_picsproduct_info_response__app_info__init(a);
	a->has_appid = a->has_change_number = a->has_missing_token = a->has_sha = a->has_only_public = a->has_size =
		1;
	a->appid = id;
	a->change_number = product->change;
	a->missing_token = a->only_public = s.missing;
	a->sha = s.sha;
	a->size = s.size;
	a->has_buffer = s.buffer.data != NULL;
	a->buffer = s.buffer;
	p->m.apps[p->m.n_apps++] = a;
	return true;
}

static bool put_package(struct part *p, uint32_t id, uint64_t token)
{
	struct product *product = world_find(&p->ask->sim->world, PICS_PACKAGE, id);
	struct shown s;

	if (!product) {
		p->m.unknown_packageids[p->m.n_unknown_packageids++] = id;
		return true;
	}
	*(p->meta ? &product->asked_meta : &product->asked_full) += 1;
	if (p->ask->effect->empty)
		return true;
	CMsgClientPICSProductInfoResponse__PackageInfo *a = arena_take(&p->arena, sizeof(*a));
	if (!a || !show(p, product, token, &s))
		return false;
	cmsg_client_picsproduct_info_response__package_info__init(a);
	a->has_packageid = a->has_change_number = a->has_missing_token = a->has_sha = a->has_size = 1;
	a->packageid = id;
	a->change_number = product->change;
	a->missing_token = s.missing;
	a->sha = s.sha;
	a->size = s.size;
	a->has_buffer = s.buffer.data != NULL;
	a->buffer = s.buffer;
	p->m.packages[p->m.n_packages++] = a;
	return true;
}

static bool is_full(const struct part *p, const CMsgClientPICSProductInfoRequest *m)
{
	return p->bytes >= p->ask->sim->part_bytes && !m->single_response;
}

bool cm_pics_products(const struct cm_pics_ask *q, const CMsgClientPICSProductInfoRequest *m, struct buf *run)
{
	struct part p = { .ask = q, .run = run, .room = m->n_apps + m->n_packages + 1, .meta = m->meta_data_only };

	q->sim->ledger.product_ids += m->n_apps + m->n_packages;
	begin(&p);
	for (size_t i = 0; p.good && i < m->n_apps; i++) {
		if (is_full(&p, m))
			flush(&p, false);
		p.good = p.good && put_app(&p, m->apps[i]->appid, m->apps[i]->access_token);
	}
	for (size_t i = 0; p.good && i < m->n_packages; i++) {
		if (is_full(&p, m))
			flush(&p, false);
		p.good = p.good && put_package(&p, m->packages[i]->packageid, m->packages[i]->access_token);
	}
	if (p.good)
		flush(&p, true);
	arena_done(&p.arena);
	buf_done(&p.public_parts);
	return p.good && !run->bad;
}
