#include "flow/steam_call.h"

#include "base/arena.h"
#include "base/buf.h"
#include "proto/steam/pics.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"
#include "wire/steam/pb.h"

#include <stdlib.h>
#include <string.h>

enum stage { STAGE_WANT, STAGE_ASKED, STAGE_TOKEN_WANT, STAGE_TOKEN_ASKED, STAGE_DONE };

struct steam_call_item {
	enum stage stage;
	bool token_tried;
	uint64_t job; /* the request it is in */
};

void steam_call_free(struct steam_call *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}

void steam_call_end(struct steam_call *c, uint64_t now_ms, enum rc rc, const char *why)
{
	if (c->ended)
		return;
	c->ended = true;
	c->ended_ms = now_ms;
	c->rc = rc;
	if (rc != RC_OK)
		fault_set(&c->fault, rc, "%s", why);
}

static int compare(const struct steam_product *a, enum pics_kind kind, uint32_t id)
{
	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	return (a->id > id) - (a->id < id);
}

static int by_id(const void *a, const void *b, void *products)
{
	const struct steam_product *all = products, *x = &all[*(const uint32_t *)a],
				   *y = &all[*(const uint32_t *)b];
	return compare(x, y->kind, y->id);
}

/* The index of that product; -1 when it was not asked. */
static int64_t find(const struct steam_call *c, enum pics_kind kind, uint32_t id)
{
	size_t lo = 0, hi = c->products_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int way = compare(&c->products[c->sorted[mid]], kind, id);
		if (way == 0)
			return c->sorted[mid];
		if (way < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

static enum rc take_products(struct steam_call *c, const struct steam_ask *ask, struct fault *f)
{
	if (ask->products_n == 0 || ask->products_n > STEAM_CALL_IDS_MAX)
		return fault_set(f, RC_INVALID, "product info of %zu ids: ask for 1 to %d", ask->products_n,
			STEAM_CALL_IDS_MAX);
	c->products = arena_take(&c->arena, ask->products_n * sizeof(*c->products));
	c->items = arena_take(&c->arena, ask->products_n * sizeof(*c->items));
	c->sorted = arena_take(&c->arena, ask->products_n * sizeof(*c->sorted));
	if (!c->products || !c->items || !c->sorted)
		return fault_set(f, RC_NOMEM, "no memory for a call");

	c->products_n = ask->products_n;
	for (uint32_t i = 0; i < c->products_n; i++) {
		const struct steam_product *p = &ask->products[i];
		c->products[i] = (struct steam_product){ .kind = p->kind, .id = p->id, .token = p->token };
		c->items[i].token_tried = p->token != 0;
		c->sorted[i] = i;
	}
	qsort_r(c->sorted, c->products_n, sizeof(*c->sorted), by_id, c->products);
	for (size_t i = 1; i < c->products_n; i++)
		if (by_id(&c->sorted[i - 1], &c->sorted[i], c->products) == 0)
			return fault_set(
				f, RC_INVALID, "product info: id %u is asked twice", c->products[c->sorted[i]].id);
	return RC_OK;
}

static bool carries_any(const struct steam_call *c) { return c->kind >= STEAM_CALL_JOB; }

static enum rc take_any(struct steam_call *c, const struct steam_ask *ask, struct fault *f)
{
	bool service = ask->kind == STEAM_CALL_SERVICE || (ask->kind == STEAM_CALL_SEND && ask->method);

	if (service ? !ask->method || !strchr(ask->method, '.') : ask->emsg == 0)
		return fault_set(f, RC_INVALID, "a call that names no message or method");
	if (ask->body_n > STEAM_CALL_BODY_MAX)
		return fault_set(f, RC_TOO_LARGE, "a request of %zu bytes, at most %u are sent", ask->body_n,
			STEAM_CALL_BODY_MAX);
	c->request.emsg = ask->emsg;
	c->request.is_struct = ask->is_struct && !service;
	if (service && !(c->request.method = arena_str(&c->arena, ask->method)))
		return fault_set(f, RC_NOMEM, "no memory for a call");
	if (ask->body_n == 0)
		return RC_OK;
	uint8_t *body = arena_take(&c->arena, ask->body_n);
	if (!body)
		return fault_set(f, RC_NOMEM, "no memory for a call");
	memcpy(body, ask->body, ask->body_n);
	c->request.body = body;
	c->request.body_n = ask->body_n;
	return RC_OK;
}

enum rc steam_call_new(const struct steam_ask *ask, uint64_t now_ms, struct steam_call **ret_call, struct fault *f)
{
	if (ask->deadline_ms <= now_ms)
		return fault_set(f, RC_INVALID, "a call whose deadline has passed");
	auto_of(steam_call) struct steam_call *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(f, RC_NOMEM, "no memory for a call");
	list_init(&c->node);
	c->kind = ask->kind;
	c->owner = ask->owner;
	c->asked_ms = now_ms;
	c->next_ms = ask->from_ms > now_ms ? ask->from_ms : now_ms;
	c->deadline_ms = ask->deadline_ms;
	c->length_ms = ask->deadline_ms - now_ms;
	c->metadata_only = ask->metadata_only;
	c->unchecked = ask->unchecked;
	c->gap_ms = ask->gap_ms;
	c->changes.since = ask->since;
	c->arena.limit = STEAM_CALL_BYTES_MAX;
	if (ask->kind == STEAM_CALL_PRODUCTS) {
		enum rc rc = take_products(c, ask, f);
		if (rc != RC_OK)
			return rc;
	}
	if (carries_any(c)) {
		enum rc rc = take_any(c, ask, f);
		if (rc != RC_OK)
			return rc;
	}
	*ret_call = take(c);
	return RC_OK;
}

bool steam_call_has_job(const struct steam_call *c, uint64_t job)
{
	for (int i = 0; i < STEAM_CALL_WINDOW; i++)
		if (job != 0 && c->jobs[i].job == job)
			return true;
	return false;
}

static size_t count(const struct steam_call *c, enum stage stage)
{
	size_t n = 0;
	for (size_t i = 0; i < c->products_n; i++)
		n += c->items[i].stage == stage;
	return n;
}

/* A free place among the requests under way; -1 when there is none. */
static int free_job(const struct steam_call *c)
{
	for (int i = 0; i < STEAM_CALL_WINDOW; i++)
		if (c->jobs[i].job == 0)
			return i;
	return -1;
}

/* The first `max` products of `kind` that are at `from`: their indices into ret_at. Returns how many. */
static size_t gather(struct steam_call *c, enum stage from, enum pics_kind kind, size_t max, uint32_t *ret_at)
{
	size_t n = 0;
	for (uint32_t i = 0; i < c->products_n && n < max; i++)
		if (c->items[i].stage == from && c->products[i].kind == kind)
			ret_at[n++] = i;
	return n;
}

static void mark(struct steam_call *c, const uint32_t *at, size_t n, enum stage to, uint64_t job)
{
	for (size_t i = 0; i < n; i++) {
		c->items[at[i]].stage = to;
		c->items[at[i]].job = job;
	}
}

/* Product info of as many as one request takes, apps first. False without memory. */
static bool request_products(struct steam_call *c, struct steam_frame head, struct arena *a, struct buf *to)
{
	size_t max = c->metadata_only ? STEAM_CALL_BATCH_META : STEAM_CALL_BATCH_FULL;
	uint32_t *at = arena_take(a, max * sizeof(*at));
	CMsgClientPICSProductInfoRequest__AppInfo *apps = arena_take(a, max * sizeof(*apps));
	CMsgClientPICSProductInfoRequest__PackageInfo *packages = arena_take(a, max * sizeof(*packages));
	void **pointers = arena_take(a, max * sizeof(*pointers));
	if (!at || !apps || !packages || !pointers)
		return false;

	CMsgClientPICSProductInfoRequest m = CMSG_CLIENT_PICSPRODUCT_INFO_REQUEST__INIT;
	m.n_apps = gather(c, STAGE_WANT, PICS_APP, max, at);
	m.n_packages = gather(c, STAGE_WANT, PICS_PACKAGE, max - m.n_apps, at + m.n_apps);
	for (size_t i = 0; i < m.n_apps + m.n_packages; i++) {
		const struct steam_product *p = &c->products[at[i]];
		if (i < m.n_apps) {
			cmsg_client_picsproduct_info_request__app_info__init(&apps[i]);
			apps[i].has_appid = 1;
			apps[i].appid = p->id;
			apps[i].has_access_token = p->token != 0;
			apps[i].access_token = p->token;
			pointers[i] = &apps[i];
		} else {
			cmsg_client_picsproduct_info_request__package_info__init(&packages[i]);
			packages[i].has_packageid = 1;
			packages[i].packageid = p->id;
			packages[i].has_access_token = p->token != 0;
			packages[i].access_token = p->token;
			pointers[i] = &packages[i];
		}
	}
	m.apps = (CMsgClientPICSProductInfoRequest__AppInfo **)pointers;
	m.packages = (CMsgClientPICSProductInfoRequest__PackageInfo **)(pointers + m.n_apps);
	m.has_meta_data_only = 1;
	m.meta_data_only = c->metadata_only;
	mark(c, at, m.n_apps + m.n_packages, STAGE_ASKED, head.job_source);
	head.emsg = EMSG_CLIENT_PICS_PRODUCT_INFO_REQUEST;
	steam_frame_write_message(to, &head, &m.base);
	return true;
}

static void request_tokens(struct steam_call *c, struct steam_frame head, struct buf *to)
{
	uint32_t apps[STEAM_CALL_TOKEN_APPS], packages[STEAM_CALL_TOKEN_PACKAGES];
	CMsgClientPICSAccessTokenRequest m = CMSG_CLIENT_PICSACCESS_TOKEN_REQUEST__INIT;

	m.n_appids = gather(c, STAGE_TOKEN_WANT, PICS_APP, STEAM_CALL_TOKEN_APPS, apps);
	m.n_packageids = gather(c, STAGE_TOKEN_WANT, PICS_PACKAGE, STEAM_CALL_TOKEN_PACKAGES, packages);
	mark(c, apps, m.n_appids, STAGE_TOKEN_ASKED, head.job_source);
	mark(c, packages, m.n_packageids, STAGE_TOKEN_ASKED, head.job_source);
	for (size_t i = 0; i < m.n_appids; i++)
		apps[i] = c->products[apps[i]].id;
	for (size_t i = 0; i < m.n_packageids; i++)
		packages[i] = c->products[packages[i]].id;
	m.appids = apps;
	m.packageids = packages;
	head.emsg = EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST;
	steam_frame_write_message(to, &head, &m.base);
}

/* A ping is the cheapest question there is: the newest change number, without any list. */
static void request_changes(const struct steam_call *c, struct steam_frame head, struct buf *to)
{
	CMsgClientPICSChangesSinceRequest m = CMSG_CLIENT_PICSCHANGES_SINCE_REQUEST__INIT;
	m.has_since_change_number = m.has_send_app_info_changes = m.has_send_package_info_changes = 1;
	m.since_change_number = c->changes.since;
	m.send_app_info_changes = m.send_package_info_changes = c->kind == STEAM_CALL_CHANGES;
	head.emsg = EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST;
	steam_frame_write_message(to, &head, &m.base);
}

static bool request_more_products(
	struct steam_call *c, uint64_t now_ms, struct steam_frame head, struct buf *to, int place)
{
	if (count(c, STAGE_WANT) > 0) {
		if (now_ms < c->next_ms)
			return false;
		struct arena a = { 0 };
		bool went = request_products(c, head, &a, to);
		arena_done(&a);
		if (!went) {
			steam_call_end(c, now_ms, RC_NOMEM, "no memory for a request");
			return false;
		}
		c->next_ms = now_ms + c->gap_ms;
		c->jobs[place].emsg = EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE;
		return true;
	}
	/* Tokens are asked for when every id has been answered once, so that they need few requests. */
	if (count(c, STAGE_ASKED) > 0 || count(c, STAGE_TOKEN_WANT) == 0)
		return false;
	request_tokens(c, head, to);
	c->jobs[place].emsg = EMSG_CLIENT_PICS_ACCESS_TOKEN_RESPONSE;
	return true;
}

static void request_any(const struct steam_call *c, struct steam_frame head, struct buf *to)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;

	head.emsg = c->request.emsg;
	head.kind = c->request.is_struct ? STEAM_FRAME_STRUCT : STEAM_FRAME_PROTO;
	head.body = c->request.body;
	head.body_n = c->request.body_n;
	if (c->kind == STEAM_CALL_SEND)
		head.job_source = STEAM_JOB_NONE;
	if (c->request.method) {
		bool authed = head.steamid != 0;
		head.emsg = authed ? EMSG_SERVICE_METHOD_CALL_FROM_CLIENT
				   : EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED;
		h.has_steamid = h.has_client_sessionid = 1;
		h.steamid = head.steamid;
		h.client_sessionid = head.session;
		h.has_jobid_source = head.job_source != STEAM_JOB_NONE;
		h.jobid_source = head.job_source;
		h.target_job_name = (char *)c->request.method;
		h.has_realm = !authed || !strncmp(c->request.method, "Authentication.", 15);
		h.realm = 1;
		head.header = &h;
	}
	steam_frame_write(to, &head);
}

/* One request, once. */
static bool request_once(struct steam_call *c, uint64_t now_ms, struct steam_frame head, struct buf *to)
{
	if (c->sent)
		return false;
	request_any(c, head, to);
	c->sent = true;
	c->jobs[0].job = head.job_source;
	if (c->kind == STEAM_CALL_SEND)
		steam_call_end(c, now_ms, RC_OK, "");
	return true;
}

bool steam_call_request(struct steam_call *c, uint64_t now_ms, struct steam_frame head, struct buf *to)
{
	int place = free_job(c);
	if (c->ended || place < 0)
		return false;
	if (carries_any(c))
		return request_once(c, now_ms, head, to);
	if (c->kind == STEAM_CALL_PRODUCTS) {
		if (!request_more_products(c, now_ms, head, to, place))
			return false;
	} else {
		if (c->jobs[0].job != 0)
			return false;
		request_changes(c, head, to);
		c->jobs[place].emsg = EMSG_CLIENT_PICS_CHANGES_SINCE_RESPONSE;
	}
	c->jobs[place].job = head.job_source;
	c->sent = true;
	return true;
}

/* The record of one product, as both kinds of answers carry it. */
struct record {
	enum pics_kind kind;
	uint32_t id, change_number, size;
	bool missing_token;
	ProtobufCBinaryData sha, buffer;
};

/* The SHA-1 beside a public part may be that of the whole. */
bool steam_call_is_whole(const struct steam_product *p)
{
	return !p->has_sha || p->buffer_n == 0 || p->missing_token ||
	       pics_check(p->kind, p->buffer, p->buffer_n, p->sha, PICS_SHA, NULL) == RC_OK;
}

static void settle(struct steam_call *c, const struct record *r)
{
	int64_t i = find(c, r->kind, r->id);
	if (i < 0 || c->items[i].stage != STAGE_ASKED)
		return; /* not asked, or twice in the answer */
	struct steam_product *p = &c->products[i];
	struct steam_call_item *item = &c->items[i];

	p->state = STEAM_PRODUCT_KNOWN;
	p->change_number = r->change_number;
	p->size = r->size;
	p->missing_token = r->missing_token;
	p->has_sha = r->sha.len == PICS_SHA;
	if (p->has_sha)
		memcpy(p->sha, r->sha.data, PICS_SHA);
	p->buffer = r->buffer.data;
	p->buffer_n = r->buffer.len;
	if (!c->unchecked && !steam_call_is_whole(p))
		p->state = STEAM_PRODUCT_DAMAGED;
	bool ask_token = p->missing_token && !item->token_tried && !c->metadata_only;
	item->stage = ask_token ? STAGE_TOKEN_WANT : STAGE_DONE;
}

static void settle_unknown(struct steam_call *c, enum pics_kind kind, uint32_t id)
{
	int64_t i = find(c, kind, id);
	if (i < 0 || c->items[i].stage != STAGE_ASKED)
		return;
	c->products[i].state = STEAM_PRODUCT_UNKNOWN;
	c->items[i].stage = STAGE_DONE;
}

static void free_jobs(struct steam_call *c, uint64_t job)
{
	for (int i = 0; i < STEAM_CALL_WINDOW; i++)
		if (c->jobs[i].job == job)
			c->jobs[i].job = 0;
}

/* What an answer that is complete has left out is over. */
static void close_job(struct steam_call *c, uint64_t job, enum stage at)
{
	for (size_t i = 0; i < c->products_n; i++)
		if (c->items[i].stage == at && c->items[i].job == job)
			c->items[i].stage = STAGE_DONE;
	free_jobs(c, job);
}

static void fed_products(struct steam_call *c, const CMsgClientPICSProductInfoResponse *m, uint64_t job)
{
	for (size_t i = 0; i < m->n_apps; i++) {
		const CMsgClientPICSProductInfoResponse__AppInfo *p = m->apps[i];
		settle(c, &(struct record){ PICS_APP, p->appid, p->change_number, p->size, p->missing_token, p->sha,
				  p->buffer });
	}
	for (size_t i = 0; i < m->n_packages; i++) {
		const CMsgClientPICSProductInfoResponse__PackageInfo *p = m->packages[i];
		settle(c, &(struct record){ PICS_PACKAGE, p->packageid, p->change_number, p->size, p->missing_token,
				  p->sha, p->buffer });
	}
	for (size_t i = 0; i < m->n_unknown_appids; i++)
		settle_unknown(c, PICS_APP, m->unknown_appids[i]);
	for (size_t i = 0; i < m->n_unknown_packageids; i++)
		settle_unknown(c, PICS_PACKAGE, m->unknown_packageids[i]);
	if (!m->response_pending)
		close_job(c, job, STAGE_ASKED);
}

/* A token makes its product wanted once more; 0 says that none is needed, which the answer before did not. */
static void got_token(struct steam_call *c, enum pics_kind kind, uint32_t id, uint64_t token)
{
	int64_t i = find(c, kind, id);
	if (i < 0 || c->items[i].stage != STAGE_TOKEN_ASKED)
		return;
	c->products[i].token = token;
	c->products[i].denied = token == 0;
	c->items[i].token_tried = true;
	c->items[i].stage = token ? STAGE_WANT : STAGE_DONE;
}

static void fed_tokens(struct steam_call *c, const CMsgClientPICSAccessTokenResponse *m, uint64_t job)
{
	for (size_t i = 0; i < m->n_app_access_tokens; i++)
		got_token(c, PICS_APP, m->app_access_tokens[i]->appid, m->app_access_tokens[i]->access_token);
	for (size_t i = 0; i < m->n_package_access_tokens; i++)
		got_token(c, PICS_PACKAGE, m->package_access_tokens[i]->packageid,
			m->package_access_tokens[i]->access_token);
	for (size_t i = 0; i < m->n_app_denied_tokens; i++)
		got_token(c, PICS_APP, m->app_denied_tokens[i], 0);
	for (size_t i = 0; i < m->n_package_denied_tokens; i++)
		got_token(c, PICS_PACKAGE, m->package_denied_tokens[i], 0);
	close_job(c, job, STAGE_TOKEN_ASKED);
}

/* False without memory. */
static bool fed_changes(struct steam_call *c, const CMsgClientPICSChangesSinceResponse *m)
{
	struct steam_changes *to = &c->changes;

	c->current = to->current = m->current_change_number;
	to->full_apps = m->force_full_update || m->force_full_app_update;
	to->full_packages = m->force_full_update || m->force_full_package_update;
	to->apps = arena_take(&c->arena, (m->n_app_changes + 1) * sizeof(*to->apps));
	to->packages = arena_take(&c->arena, (m->n_package_changes + 1) * sizeof(*to->packages));
	if (!to->apps || !to->packages)
		return false;
	for (size_t i = 0; i < m->n_app_changes; i++) {
		const CMsgClientPICSChangesSinceResponse__AppChange *x = m->app_changes[i];
		to->apps[to->apps_n++] = (struct steam_change){ x->appid, x->change_number, x->needs_token };
	}
	for (size_t i = 0; i < m->n_package_changes; i++) {
		const CMsgClientPICSChangesSinceResponse__PackageChange *x = m->package_changes[i];
		to->packages[to->packages_n++] =
			(struct steam_change){ x->packageid, x->change_number, x->needs_token };
	}
	return true;
}

static void fed_message(
	struct steam_call *c, uint64_t now_ms, uint32_t emsg, const ProtobufCMessage *m, uint64_t job)
{
	if (emsg == EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE) {
		fed_products(c, (const CMsgClientPICSProductInfoResponse *)m, job);
	} else if (emsg == EMSG_CLIENT_PICS_ACCESS_TOKEN_RESPONSE) {
		fed_tokens(c, (const CMsgClientPICSAccessTokenResponse *)m, job);
	} else {
		if (!fed_changes(c, (const CMsgClientPICSChangesSinceResponse *)m))
			steam_call_end(c, now_ms, RC_TOO_LARGE,
				"the list of changes needs more memory than its limit allows");
		steam_call_end(c, now_ms, RC_OK, "");
		return;
	}
	if (count(c, STAGE_DONE) == c->products_n)
		steam_call_end(c, now_ms, RC_OK, "");
}

static uint32_t answer_of(const struct steam_call *c, uint64_t job)
{
	for (int i = 0; i < STEAM_CALL_WINDOW; i++)
		if (c->jobs[i].job == job)
			return c->jobs[i].emsg;
	return 0;
}

/* Steam is at work on it: it has as much time again as it had at first. Product info has enough from the start. */
static void still_alive(struct steam_call *c, uint64_t now_ms)
{
	uint64_t length = c->length_ms, last = c->asked_ms + STEAM_CALL_ALIVE_MAX * length;

	if (!carries_any(c) || now_ms + length <= c->deadline_ms)
		return;
	c->deadline_ms = now_ms + length < last ? now_ms + length : last;
}

static void fed_any(struct steam_call *c, uint64_t now_ms, const struct steam_frame *fr)
{
	if (c->kind == STEAM_CALL_SERVICE && fr->emsg != EMSG_SERVICE_METHOD_RESPONSE) {
		steam_call_end(c, now_ms, RC_MALFORMED, "Steam answered with another kind of message");
		return;
	}
	if (fr->body_n > 0) {
		uint8_t *body = arena_take(&c->arena, fr->body_n);
		if (!body) {
			steam_call_end(
				c, now_ms, RC_TOO_LARGE, "the answer needs more memory than its limit allows");
			return;
		}
		memcpy(body, fr->body, fr->body_n);
		c->body = body;
		c->body_n = fr->body_n;
	}
	c->emsg = fr->emsg;
	c->eresult = fr->eresult;
	if (c->kind == STEAM_CALL_SERVICE && c->eresult != ERESULT_OK) {
		steam_call_end(c, now_ms, RC_REFUSED, "");
		fault_set(&c->fault, RC_REFUSED, "%.60s: %s (%d)%s%.100s", c->request.method,
			eresult_name(c->eresult), c->eresult, fr->header && fr->header->error_message ? ": " : "",
			fr->header && fr->header->error_message ? fr->header->error_message : "");
		return;
	}
	steam_call_end(c, now_ms, RC_OK, "");
}

bool steam_call_feed(struct steam_call *c, uint64_t now_ms, const struct steam_frame *frame)
{
	uint64_t job = frame->job_target;
	ProtobufCMessage *m;

	if (c->ended || !steam_call_has_job(c, job))
		return false;
	if (frame->emsg == EMSG_JOB_HEARTBEAT) {
		still_alive(c, now_ms);
		return true;
	}
	if (frame->emsg == EMSG_DEST_JOB_FAILED) {
		steam_call_end(c, now_ms, RC_REFUSED, "Steam says that the job failed");
		return true;
	}
	if (carries_any(c)) {
		fed_any(c, now_ms, frame);
		return true;
	}
	if (frame->kind != STEAM_FRAME_PROTO || frame->emsg != answer_of(c, job)) {
		steam_call_end(c, now_ms, RC_MALFORMED, "Steam answered with another kind of message");
		return true;
	}
	struct fault f = { 0 };
	enum rc rc = pb_unpack(emsg_body(frame->emsg), frame->body, frame->body_n, &c->arena, &m, &f);
	if (rc != RC_OK)
		steam_call_end(c, now_ms, rc, f.text);
	else
		fed_message(c, now_ms, frame->emsg, m, job);
	return true;
}

uint64_t steam_call_due(const struct steam_call *c)
{
	bool held = c->kind == STEAM_CALL_PRODUCTS && free_job(c) >= 0 && count(c, STAGE_WANT) > 0;
	return held && c->next_ms < c->deadline_ms ? c->next_ms : c->deadline_ms;
}
