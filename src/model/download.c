#include "model/download.h"
#include "base/buf.h"
#include "model/civil.h"

#include <string.h>

const char *const download_words[] = { "queued", "admitted", "resolving", "attached", "allocating", "downloading",
	"verifying", "packaging", "publishing", "paused", "canceling", "ready", "expired", "canceled", "failed",
	NULL };
const char *const download_reason_words[] = { "concurrency", "quota", "budget", "account", "disk", "dependency",
	NULL };
const char *const download_account_words[] = { "anonymous", "auto", "id", NULL };

#define TO(s) (1u << DOWNLOAD_##s)
/* Of one that an agent has: it goes on, is given back to the queue, or ends. */
#define ENDS (TO(QUEUED) | TO(PAUSED) | TO(CANCELING) | TO(CANCELED) | TO(FAILED) | TO(READY))

static const unsigned lawful[DOWNLOAD_STATES] = {
	[DOWNLOAD_QUEUED] = TO(ADMITTED) | TO(ATTACHED) | TO(PAUSED) | TO(CANCELED) | TO(FAILED),
	[DOWNLOAD_ADMITTED] = TO(RESOLVING) | ENDS,
	[DOWNLOAD_RESOLVING] = TO(ADMITTED) | TO(ALLOCATING) | TO(DOWNLOADING) | TO(VERIFYING) | TO(PACKAGING) |
			       TO(PUBLISHING) | ENDS,
	[DOWNLOAD_ATTACHED] = TO(QUEUED) | TO(PAUSED) | TO(CANCELED) | TO(READY) | TO(FAILED),
	[DOWNLOAD_ALLOCATING] =
		TO(ADMITTED) | TO(DOWNLOADING) | TO(VERIFYING) | TO(PACKAGING) | TO(PUBLISHING) | ENDS,
	[DOWNLOAD_DOWNLOADING] = TO(ADMITTED) | TO(VERIFYING) | TO(PACKAGING) | TO(PUBLISHING) | ENDS,
	[DOWNLOAD_VERIFYING] = TO(ADMITTED) | TO(DOWNLOADING) | TO(PACKAGING) | TO(PUBLISHING) | ENDS,
	[DOWNLOAD_PACKAGING] = TO(ADMITTED) | TO(PUBLISHING) | ENDS,
	[DOWNLOAD_PUBLISHING] = TO(ADMITTED) | ENDS,
	[DOWNLOAD_PAUSED] = TO(QUEUED) | TO(CANCELED),
	[DOWNLOAD_CANCELING] = TO(CANCELED),
	[DOWNLOAD_READY] = TO(EXPIRED),
	[DOWNLOAD_FAILED] = TO(QUEUED),
	[DOWNLOAD_CANCELED] = TO(QUEUED),
};

enum rc download_move(enum download_state *s, enum download_state to)
{
	if (!(lawful[*s] & 1u << to))
		return RC_CONFLICT;
	*s = to;
	return RC_OK;
}

bool download_is_running(enum download_state s)
{
	switch (s) {
	case DOWNLOAD_ADMITTED:
	case DOWNLOAD_RESOLVING:
	case DOWNLOAD_ALLOCATING:
	case DOWNLOAD_DOWNLOADING:
	case DOWNLOAD_VERIFYING:
	case DOWNLOAD_PACKAGING:
	case DOWNLOAD_PUBLISHING:
	case DOWNLOAD_CANCELING:
		return true;
	case DOWNLOAD_QUEUED:
	case DOWNLOAD_ATTACHED:
	case DOWNLOAD_PAUSED:
	case DOWNLOAD_READY:
	case DOWNLOAD_EXPIRED:
	case DOWNLOAD_CANCELED:
	case DOWNLOAD_FAILED:
	case DOWNLOAD_STATES:
		break;
	}
	return false;
}

const char *download_phase(enum download_state s)
{
	if (s == DOWNLOAD_QUEUED || s == DOWNLOAD_PAUSED)
		return "queued";
	if (s == DOWNLOAD_READY || s == DOWNLOAD_EXPIRED)
		return "success";
	return s == DOWNLOAD_CANCELED || s == DOWNLOAD_FAILED ? "failed" : "running";
}

static int64_t at_least(int64_t pass, int64_t served) { return pass > served ? pass : served; }

static bool goes_before(const struct download_flow *a, const struct download_flow *b, int64_t served)
{
	int64_t pa = at_least(a->pass, served), pb = at_least(b->pass, served);
	int tenants = strcmp(a->tenant_id, b->tenant_id);

	if (tenants != 0)
		return pa < pb || (pa == pb && tenants < 0);
	return a->rank < b->rank || (a->rank == b->rank && strcmp(a->maker, b->maker) < 0);
}

int download_next(const struct download_flow *f, size_t n, int64_t served)
{
	int best = -1;

	for (size_t i = 0; i < n; i++)
		if (!f[i].blocked && (best < 0 || goes_before(&f[i], &f[best], served)))
			best = (int)i;
	return best;
}

int64_t download_pass(int64_t pass, int64_t weight, int64_t served)
{
	return at_least(pass, served) + DOWNLOAD_STRIDE / (weight > 0 ? weight : 1);
}

/* A text with its length before it: no text can be taken for two. */
static void put(struct buf *to, const char *s)
{
	if (!s)
		buf_str(to, "-;");
	else
		buf_fmt(to, "%zu:%s;", strlen(s), s);
}

static void put_texts(struct buf *to, const struct field_list *l)
{
	buf_fmt(to, "%zu[", l->n);
	for (size_t i = 0; i < l->n; i++)
		put(to, ((const char *const *)l->at)[i]);
}

void download_key(
	const struct action_download *d, const struct download_account *by, const char *alone, struct buf *ret)
{
	const struct action_download_source *s = &d->source;
	const struct action_download_depot *depots = s->depots.at;

	put(ret, s->kind);
	buf_fmt(ret, "%u;", s->app_id);
	put(ret, s->id);
	buf_fmt(ret, "%zu[", s->depots.n);
	for (size_t i = 0; i < s->depots.n; i++) {
		buf_fmt(ret, "%u;", depots[i].id);
		put(ret, depots[i].manifest);
	}
	put(ret, s->branch ? s->branch : "public");
	put(ret, s->os);
	put(ret, s->arch);
	put(ret, s->lang);
	buf_fmt(ret, "%d%d%u;", s->all_dlc, s->include_dependencies, s->max_items);
	put(ret, s->app_name);
	put(ret, s->platform);
	put(ret, s->product_id);
	put(ret, s->kind_of);
	put_texts(ret, &d->filter.include);
	put_texts(ret, &d->filter.exclude);
	put_texts(ret, &d->filter.file_list);
	put(ret, d->package.format ? d->package.format : "none");
	buf_fmt(ret, "%u;%d;", d->package.level, by->mode);
	put(ret, by->mode == DOWNLOAD_BY_ID ? by->id : NULL);
	put(ret, alone);
}

#define DAY_MS 86400000ll

int64_t download_period(enum download_window w, int64_t now_ms)
{
	int64_t day = civil_floor(now_ms, DAY_MS);
	struct civil c = civil_of_day(day);

	return w == DOWNLOAD_DAY ? day : (int64_t)c.year * 12 + c.month - 1;
}

int64_t download_period_end(enum download_window w, int64_t now_ms)
{
	int64_t next = download_period(w, now_ms) + 1;

	return (w == DOWNLOAD_DAY ? next : civil_day((int32_t)(next / 12), (int32_t)(next % 12) + 1, 1)) * DAY_MS;
}

bool download_wants_licence(const char *code)
{
	static const char *const codes[] = { "access_denied", "no_license", "login_required", "private" };

	for (size_t i = 0; code && i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

const char *download_failure(const char *code)
{
	static const char *const codes[] = { "access_denied", "agent_restarted", "agent_stopped", "cdn_unavailable",
		"disk_full", "integrity", "internal", "lease_expired", "login_required", "lost_by_agent",
		"max_bytes", "max_runtime", "no_license", "not_found", "private", "rate_limited", "rejected",
		"session_offline", "stalled" };

	for (size_t i = 0; code && i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(code, codes[i]))
			return codes[i];
	return "other";
}
