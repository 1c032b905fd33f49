/* What the messages of msgs say, as JSON. */
#include "wire/steam/emsg.h"
#include "wire/steam/json_put.h"
#include "wire/steam/msgs.h"
#include "wire/steam/vdf.h"

#include <inttypes.h>
#include <string.h>

static enum rc vac_bans(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_vac_bans m;
	enum rc rc = msgs_vac_bans_read(p, n, a, &m, f);

	if (rc != RC_OK)
		return rc;
	buf_str(to, "{\"bans\":[");
	for (uint32_t i = 0; i < m.n; i++)
		buf_fmt(to, "%s{\"first_app\":%u,\"last_app\":%u}", i ? "," : "", m.ranges[i].first,
			m.ranges[i].last);
	buf_str(to, "]}");
	return RC_OK;
}

static void documents(struct buf *to, const char *name, const struct vdf **docs, uint32_t n)
{
	buf_fmt(to, ",\"%s\":[", name);
	for (uint32_t i = 0; i < n; i++) {
		buf_str(to, i ? "," : "");
		vdf_json(to, docs[i]);
	}
	buf_u8(to, ']');
}

static enum rc guest_passes(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_guest_passes m;
	enum rc rc = msgs_guest_passes_read(p, n, a, &m, f);

	if (rc != RC_OK)
		return rc;
	buf_fmt(to, "{\"eresult\":%u", m.eresult);
	documents(to, "give", m.give, m.give_n);
	documents(to, "redeem", m.redeem, m.redeem_n);
	buf_u8(to, '}');
	return RC_OK;
}

static enum rc unavailable(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_unavailable m;
	enum rc rc = msgs_unavailable_read(p, n, &m, f);

	(void)a;
	if (rc == RC_OK)
		buf_fmt(to, "{\"jobid\":\"%" PRIu64 "\",\"emsg\":%u,\"server_type\":%u}", m.job, m.emsg,
			m.server_type);
	return rc;
}

static enum rc ignore(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_ignore m;
	enum rc rc = msgs_ignore_read(p, n, &m, f);

	(void)a;
	if (rc == RC_OK)
		buf_fmt(to, "{\"steamid\":\"%" PRIu64 "\",\"friend\":\"%" PRIu64 "\",\"block\":%s}", m.me, m.friend,
			m.block ? "true" : "false");
	return rc;
}

static enum rc ignored(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_ignored m;
	enum rc rc = msgs_ignored_read(p, n, &m, f);

	(void)a;
	if (rc == RC_OK)
		buf_fmt(to, "{\"friend\":\"%" PRIu64 "\",\"eresult\":%u}", m.friend, m.eresult);
	return rc;
}

static enum rc news(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f)
{
	struct msgs_news m;
	enum rc rc = msgs_news_read(p, n, a, &m, f);

	if (rc != RC_OK)
		return rc;
	buf_fmt(to, "{\"time\":%u,\"messages\":[", m.time);
	for (uint32_t i = 0; i < m.n; i++) {
		buf_fmt(to, "%s{\"gid\":\"%" PRIu64 "\",\"url\":", i ? "," : "", m.notices[i].gid);
		json_put_text(to, m.notices[i].url, strlen(m.notices[i].url));
		buf_fmt(to, ",\"flags\":%u}", m.notices[i].flags);
	}
	buf_str(to, "]}");
	return RC_OK;
}

static const struct {
	uint32_t emsg;
	enum rc (*say)(const void *p, size_t n, struct arena *a, struct buf *to, struct fault *f);
} all[] = {
	{ EMSG_CLIENT_VAC_BAN_STATUS, vac_bans },
	{ EMSG_CLIENT_UPDATE_GUEST_PASSES_LIST, guest_passes },
	{ EMSG_CLIENT_SET_IGNORE_FRIEND, ignore },
	{ EMSG_CLIENT_SET_IGNORE_FRIEND_RESPONSE, ignored },
	{ EMSG_CLIENT_SERVER_UNAVAILABLE, unavailable },
	{ EMSG_CLIENT_MARKETING_MESSAGE_UPDATE2, news },
};

enum rc msgs_describe(uint32_t emsg, const void *p, size_t n, struct buf *to, struct fault *f)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].emsg == emsg) {
			struct arena a = { .limit = 8u << 20 };
			enum rc rc = all[i].say(p, n, &a, to, f);
			arena_done(&a);
			return rc;
		}
	return RC_MISSING;
}
