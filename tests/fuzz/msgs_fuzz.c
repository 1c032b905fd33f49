/* Any bytes as the messages that are structs: what is read is written again, byte for byte. The first byte chooses. */
#include "wire/steam/emsg.h"
#include "wire/steam/msgs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void vac_bans(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_vac_bans m;
	if (msgs_vac_bans_read(p, n, a, &m, NULL) == RC_OK)
		msgs_vac_bans_write(&m, out);
}

static void guest_passes(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_guest_passes m;
	if (msgs_guest_passes_read(p, n, a, &m, NULL) != RC_OK)
		return;
	msgs_guest_passes_write(&m, out);
	expect(out->n == n); /* the kind of an end mark may differ */
	out->n = 0;
}

static void unavailable(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_unavailable m;
	(void)a;
	if (msgs_unavailable_read(p, n, &m, NULL) == RC_OK)
		msgs_unavailable_write(&m, out);
}

static void ignore(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_ignore m;
	(void)a;
	if (msgs_ignore_read(p, n, &m, NULL) == RC_OK && p[n - 1] <= 1)
		msgs_ignore_write(&m, out);
}

static void ignored(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_ignored m;
	(void)a;
	if (msgs_ignored_read(p, n, &m, NULL) == RC_OK)
		msgs_ignored_write(&m, out);
}

static void news(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_news m;
	if (msgs_news_read(p, n, a, &m, NULL) == RC_OK)
		msgs_news_write(&m, out);
}

/* A receipt is written in our own order: read again, it says the same. */
static void receipt(const uint8_t *p, size_t n, struct arena *a, struct buf *out)
{
	struct msgs_receipt m, is;
	if (msgs_receipt_read(p, n, a, &m, NULL) != RC_OK)
		return;
	expect(msgs_receipt_write(&m, out, NULL) == RC_OK);
	enum rc rc = msgs_receipt_read(out->p, out->n, a, &is, NULL);
	expect(rc == RC_OK || rc == RC_TOO_LARGE);
	expect(rc != RC_OK || (is.n == m.n && is.transaction == m.transaction && is.detail == m.detail));
	out->n = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const each[])(const uint8_t *p, size_t n, struct arena *a, struct buf *out) = { vac_bans,
		guest_passes, unavailable, ignore, ignored, news, receipt };
	static const uint32_t emsgs[] = { EMSG_CLIENT_VAC_BAN_STATUS, EMSG_CLIENT_UPDATE_GUEST_PASSES_LIST,
		EMSG_CLIENT_SERVER_UNAVAILABLE, EMSG_CLIENT_SET_IGNORE_FRIEND,
		EMSG_CLIENT_SET_IGNORE_FRIEND_RESPONSE, EMSG_CLIENT_MARKETING_MESSAGE_UPDATE2, 0 };
	struct arena a = { .limit = 8u << 20 };
	struct buf out = { 0 };

	if (n == 0)
		return 0;
	unsigned which = p[0] % 7;
	each[which](p + 1, n - 1, &a, &out);
	expect(out.n == 0 || (out.n == n - 1 && !memcmp(out.p, p + 1, out.n)));
	out.n = 0;
	if (msgs_describe(emsgs[which], p + 1, n - 1, &out, NULL) != RC_OK)
		expect(out.n == 0);
	buf_done(&out);
	arena_done(&a);
	return 0;
}
