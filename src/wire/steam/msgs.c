#include "wire/steam/msgs.h"

#include "base/rd.h"
#include "wire/steam/vdf_binary.h"

#include <string.h>

#define RANGE_N    12
#define NOTICE_MIN (4 + 8 + 1 + 4)

static enum rc cut_off(const char *what, struct fault *f)
{
	return fault_set(f, RC_MALFORMED, "%s: cut off, or bytes after its end", what);
}

static enum rc too_many(const char *what, uint32_t n, unsigned most, struct fault *f)
{
	return fault_set(f, RC_TOO_LARGE, "%s: %u entries, at most %u are read", what, n, most);
}

static enum rc no_room(const char *what, struct fault *f)
{
	return fault_set(f, RC_TOO_LARGE, "%s: needs more memory than its limit allows", what);
}

enum rc msgs_vac_bans_read(const void *p, size_t n, struct arena *a, struct msgs_vac_bans *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_vac_bans m = { .n = rd_le32(&r) };

	if (m.n > MSGS_BANS_MAX)
		return too_many("VAC bans", m.n, MSGS_BANS_MAX, f);
	if (r.bad || rd_left(&r) != (size_t)m.n * RANGE_N)
		return cut_off("VAC bans", f);
	m.ranges = arena_take(a, m.n * sizeof(*m.ranges) + 1);
	if (!m.ranges)
		return no_room("VAC bans", f);
	for (uint32_t i = 0; i < m.n; i++) {
		m.ranges[i].first = rd_le32(&r);
		m.ranges[i].last = rd_le32(&r);
		m.ranges[i].zero = rd_le32(&r);
	}
	*ret = m;
	return RC_OK;
}

void msgs_vac_bans_write(const struct msgs_vac_bans *m, struct buf *to)
{
	buf_le32(to, m->n);
	for (uint32_t i = 0; i < m->n; i++) {
		buf_le32(to, m->ranges[i].first);
		buf_le32(to, m->ranges[i].last);
		buf_le32(to, m->ranges[i].zero);
	}
}

/* The bytes of one binary VDF among others: up to its own end mark. Depth is counted, nothing is kept. 0: it is cut off. */
static size_t document_n(const uint8_t *p, size_t n)
{
	struct rd r = rd_over(p, n);
	unsigned depth = 0;

	for (;;) {
		uint8_t tag = rd_u8(&r);
		if (r.bad || depth > VDF_DEPTH_MAX)
			return 0;
		if (tag == 8 || tag == 11) {
			if (depth-- == 0)
				return n - rd_left(&r);
			continue;
		}
		rd_cstr(&r);
		if (tag == 0)
			depth++;
		else if (tag == 1)
			rd_cstr(&r);
		else
			rd_bytes(&r, tag == 7 || tag == 10 ? 8 : 4);
	}
}

static enum rc documents(struct rd *r, uint32_t n, struct arena *a, const struct vdf ***ret, struct fault *f)
{
	*ret = arena_take(a, n * sizeof(struct vdf *) + 1);
	if (!*ret)
		return no_room("guest passes", f);
	for (uint32_t i = 0; i < n; i++) {
		struct vdf *doc;
		size_t one = document_n(r->at, rd_left(r));
		if (one == 0)
			return cut_off("guest passes", f);
		enum rc rc = vdf_binary_parse(rd_bytes(r, one), one, a, &doc, f);
		if (rc != RC_OK)
			return rc;
		(*ret)[i] = doc;
	}
	return RC_OK;
}

enum rc msgs_guest_passes_read(
	const void *p, size_t n, struct arena *a, struct msgs_guest_passes *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_guest_passes m = { .eresult = rd_le32(&r) };

	m.give_n = rd_le32(&r);
	m.redeem_n = rd_le32(&r);
	if (m.give_n > MSGS_PASSES_MAX || m.redeem_n > MSGS_PASSES_MAX)
		return too_many("guest passes", m.give_n > m.redeem_n ? m.give_n : m.redeem_n, MSGS_PASSES_MAX, f);
	enum rc rc = r.bad ? cut_off("guest passes", f) : documents(&r, m.give_n, a, &m.give, f);
	if (rc == RC_OK)
		rc = documents(&r, m.redeem_n, a, &m.redeem, f);
	if (rc == RC_OK && rd_left(&r) > 0)
		rc = cut_off("guest passes", f);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}

void msgs_guest_passes_write(const struct msgs_guest_passes *m, struct buf *to)
{
	buf_le32(to, m->eresult);
	buf_le32(to, m->give_n);
	buf_le32(to, m->redeem_n);
	for (uint32_t i = 0; i < m->give_n; i++)
		vdf_binary_write(to, m->give[i]);
	for (uint32_t i = 0; i < m->redeem_n; i++)
		vdf_binary_write(to, m->redeem[i]);
}

enum rc msgs_unavailable_read(const void *p, size_t n, struct msgs_unavailable *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_unavailable m = { .job = rd_le64(&r) };

	m.emsg = rd_le32(&r);
	m.server_type = rd_le32(&r);
	if (r.bad || rd_left(&r) > 0)
		return cut_off("server unavailable", f);
	*ret = m;
	return RC_OK;
}

void msgs_unavailable_write(const struct msgs_unavailable *m, struct buf *to)
{
	buf_le64(to, m->job);
	buf_le32(to, m->emsg);
	buf_le32(to, m->server_type);
}

enum rc msgs_ignore_read(const void *p, size_t n, struct msgs_ignore *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_ignore m = { .me = rd_le64(&r) };

	m.friend = rd_le64(&r);
	m.block = rd_u8(&r) != 0;
	if (r.bad || rd_left(&r) > 0)
		return cut_off("ignore friend", f);
	*ret = m;
	return RC_OK;
}

void msgs_ignore_write(const struct msgs_ignore *m, struct buf *to)
{
	buf_le64(to, m->me);
	buf_le64(to, m->friend);
	buf_u8(to, m->block);
}

enum rc msgs_ignored_read(const void *p, size_t n, struct msgs_ignored *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_ignored m = { .friend = rd_le64(&r) };

	m.eresult = rd_le32(&r);
	if (r.bad || rd_left(&r) > 0)
		return cut_off("answer to ignore friend", f);
	*ret = m;
	return RC_OK;
}

void msgs_ignored_write(const struct msgs_ignored *m, struct buf *to)
{
	buf_le64(to, m->friend);
	buf_le32(to, m->eresult);
}

static enum rc read_notice(struct rd *r, struct arena *a, struct msgs_notice *ret, struct fault *f)
{
	uint32_t n = rd_le32(r); /* of all of it, this number too */
	struct rd one = rd_over(r->at, n >= 4 && n - 4 <= rd_left(r) ? n - 4 : 0);

	rd_bytes(r, n >= 4 ? n - 4 : SIZE_MAX);
	ret->gid = rd_le64(&one);
	const char *url = rd_cstr(&one);
	ret->flags = rd_le32(&one);
	if (r->bad || one.bad || rd_left(&one) > 0)
		return cut_off("marketing messages", f);
	ret->url = arena_str(a, url);
	return ret->url ? RC_OK : no_room("marketing messages", f);
}

enum rc msgs_news_read(const void *p, size_t n, struct arena *a, struct msgs_news *ret, struct fault *f)
{
	struct rd r = rd_over(p, n);
	struct msgs_news m = { .time = rd_le32(&r) };

	m.n = rd_le32(&r);
	if (m.n > MSGS_NEWS_MAX)
		return too_many("marketing messages", m.n, MSGS_NEWS_MAX, f);
	if (r.bad || rd_left(&r) / NOTICE_MIN < m.n)
		return cut_off("marketing messages", f);
	m.notices = arena_take(a, m.n * sizeof(*m.notices) + 1);
	if (!m.notices)
		return no_room("marketing messages", f);
	for (uint32_t i = 0; i < m.n; i++) {
		enum rc rc = read_notice(&r, a, &m.notices[i], f);
		if (rc != RC_OK)
			return rc;
	}
	if (rd_left(&r) > 0)
		return cut_off("marketing messages", f);
	*ret = m;
	return RC_OK;
}

void msgs_news_write(const struct msgs_news *m, struct buf *to)
{
	buf_le32(to, m->time);
	buf_le32(to, m->n);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct msgs_notice *one = &m->notices[i];
		buf_le32(to, (uint32_t)(NOTICE_MIN + strlen(one->url)));
		buf_le64(to, one->gid);
		buf_put(to, one->url, strlen(one->url) + 1);
		buf_le32(to, one->flags);
	}
}
