#include "main/reload.h"
#include "base/log.h"
#include "control/control.h"
#include "io/web.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000

const char *const reload_keys[] = { "engine.events_keep", "engine.events_keep_hours", "engine.idempotency_hours",
	"engine.jobs_keep_days", "lanes.limits", "lanes.unsafe", "log.format", "log.level", "server.body_bytes",
	"server.body_ms", "server.connections", "server.head_ms", "server.header_bytes", "server.idle_ms",
	"server.per_address", "server.tls_cert", "server.tls_key", NULL };

struct reload {
	struct reload_conf conf;
	struct conf now;   /* what holds; its texts are the first configuration's, or kept's */
	struct arena kept; /* of the texts of the last one that was applied */
	struct conf next;
	struct arena read; /* of next's texts */
	struct web_tls *tls;
	struct lane_table {
		struct lane_table *before; /* still read by those who took it */
		struct lane_kind kinds[LANE_COUNT];
	} * lanes;
	unsigned changed;
};

enum rc reload_new(const struct reload_conf *conf, struct reload **ret_reload, struct fault *f)
{
	struct reload *r = calloc(1, sizeof(*r));
	(void)f;

	if (!r)
		return RC_NOMEM;
	r->conf = *conf;
	r->now = *conf->conf;
	*ret_reload = r;
	return RC_OK;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	while (r->lanes) {
		struct lane_table *before = r->lanes->before;
		free(r->lanes);
		r->lanes = before;
	}
	web_tls_free(r->tls);
	arena_done(&r->kept);
	arena_done(&r->read);
	free(r);
}

void reload_limits(const struct conf *c, struct web_limits *to)
{
	*to = (struct web_limits){
		.header_bytes = c->server.header_bytes,
		.body_bytes = c->server.body_bytes,
		.connections = c->server.connections,
		.per_address = c->server.per_address,
		.head_ms = c->server.head_ms,
		.body_ms = c->server.body_ms,
		.idle_ms = c->server.idle_ms,
		.stream_bytes = 1 << 20,
		.socket_bytes = 16 << 20,
		.message_bytes = 2 << 20,
	};
}

static bool is_reloadable(const char *section, const char *key)
{
	size_t n = strlen(section);

	for (const char *const *k = reload_keys; *k; k++)
		if (!strncmp(*k, section, n) && (*k)[n] == '.' && !strcmp(*k + n + 1, key))
			return true;
	return false;
}

static size_t size_of(const struct field *row)
{
	return row->type == FIELD_BOOL  ? sizeof(bool)
	       : row->type == FIELD_U32 ? sizeof(uint32_t)
	       : row->type == FIELD_I64 ? sizeof(int64_t)
	       : row->type == FIELD_STR ? sizeof(char *)
					: sizeof(int);
}

static bool is_same(const struct field *row, const char *a, const char *b)
{
	if (row->type != FIELD_STR)
		return !memcmp(a + row->at, b + row->at, size_of(row));
	const char *x, *y;
	memcpy(&x, a + row->at, sizeof(x));
	memcpy(&y, b + row->at, sizeof(y));
	return x == y || (x && y && !strcmp(x, y));
}

/* Each setting that is another now: taken over, or told to need a restart. */
static void compare(struct reload *r, bool apply)
{
	r->changed = 0;
	for (const struct field *section = conf_fields; section->name; section++) {
		char *now = (char *)&r->now + section->at;
		const char *next = (const char *)&r->next + section->at;
		for (const struct field *row = section->sub; row->name; row++) {
			bool same = is_same(row, now, next), can = is_reloadable(section->name, row->name);
			if (!same && !can && !apply)
				log_warn(r->conf.log, "setting not reloaded, it needs a restart key=%s.%s",
					section->name, row->name);
			if (!same && can && !apply)
				r->changed++;
			if (!same && can && apply)
				log_info(r->conf.log, "setting reloaded key=%s.%s", section->name, row->name);
			if (can && apply)
				memcpy(now + row->at, next + row->at, size_of(row));
		}
	}
}

static enum rc read_tls(struct reload *r, struct fault *f)
{
	struct fault why = { 0 };

	web_tls_free(take(r->tls));
	if (!r->conf.limits || !r->now.server.tls_cert)
		return RC_OK; /* a server that has no TLS gets none: compare() has told */
	if (!r->next.server.tls_cert)
		return fault_set(f, RC_INVALID, "server.tls_cert is gone: a server with TLS goes on with it");
	enum rc rc = web_tls_new(r->next.server.tls_cert, r->next.server.tls_key, &r->tls, &why);
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "server.tls_cert, server.tls_key: %s", why.text);
}

bool reload_read(struct reload *r)
{
	struct fault f = { 0 };
	int left = 0;

	arena_done(&r->read);
	r->read = (struct arena){ 0 };
	enum rc rc = conf_load(r->conf.argc, r->conf.argv, &r->read, &r->next, &left, &f);
	if (rc == RC_OK)
		rc = read_tls(r, &f);
	if (rc == RC_OK) {
		compare(r, false);
		return true;
	}
	log_error(r->conf.log, "not reloaded, what was set before stays: %s", *f.text ? f.text : rc_title(rc));
	return false;
}

static void apply_lanes(struct reload *r)
{
	struct lane_table *t = calloc(1, sizeof(*t));

	if (!t || !memcmp(r->now.kinds, r->next.kinds, sizeof(t->kinds))) {
		free(t);
		return;
	}
	memcpy(t->kinds, r->next.kinds, sizeof(t->kinds));
	memcpy(r->now.kinds, r->next.kinds, sizeof(t->kinds));
	t->before = r->lanes;
	r->lanes = t;
	atomic_store(&r->conf.control->lanes, t->kinds);
}

void reload_apply(struct reload *r, struct web_server *server)
{
	unsigned changed = r->changed;

	compare(r, true);
	atomic_store(&r->conf.log->level, (enum log_level)r->now.log.level);
	atomic_store(&r->conf.log->json, r->now.log.format == 1);
	if (r->conf.control) {
		atomic_store(&r->conf.control->idempotency_ms, r->now.engine.idempotency_hours * HOUR_MS);
		atomic_store(&r->conf.control->event_keep, r->now.engine.events_keep);
		atomic_store(&r->conf.control->event_keep_ms, (int64_t)r->now.engine.events_keep_hours * HOUR_MS);
		atomic_store(&r->conf.control->jobs_keep_ms, (int64_t)r->now.engine.jobs_keep_days * 24 * HOUR_MS);
		apply_lanes(r);
	}
	if (server) {
		reload_limits(&r->now, r->conf.limits);
		web_server_limits(server, r->conf.limits);
		if (r->tls)
			web_server_tls(server, take(r->tls));
	}
	/* The texts that hold are the new ones: those of the time before can go. */
	arena_done(&r->kept);
	r->kept = r->read;
	r->read = (struct arena){ 0 };
	log_info(r->conf.log, "reloaded changed=%u", changed);
}
