#include "wire/steam/msgs.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/vdf_binary.h"

static void said(uint32_t emsg, const struct buf *body, const char *want)
{
	struct buf out = { 0 };
	CHECK(msgs_describe(emsg, body->p, body->n, &out, NULL) == RC_OK);
	CHECK_STR(buf_text(&out), want);
	buf_done(&out);
}

static struct buf real_body(const char *path, struct arena *a)
{
	struct buf in = corpus_read(path), body = { 0 };
	struct steam_frame fr;
	CHECK(steam_frame_parse(in.p, in.n, a, &fr, NULL) == RC_OK);
	buf_put(&body, fr.body, fr.body_n);
	buf_done(&in);
	return body;
}

static void vac_bans(void)
{
	struct arena a = { 0 };
	struct buf real = real_body("tests/corpus/steam_frame/ClientVACBanStatus.bin", &a), out = { 0 };
	struct msgs_vac_range ranges[] = { { 10, 240, 0 }, { 730, 730, 0 } };
	struct msgs_vac_bans two = { .ranges = ranges, .n = 2 }, m;

	CHECK(msgs_vac_bans_read(real.p, real.n, &a, &m, NULL) == RC_OK && m.n == 0);
	msgs_vac_bans_write(&m, &out);
	CHECK(corpus_same(&out, real.p, real.n));
	out.n = 0;
	msgs_vac_bans_write(&two, &out);
	CHECK(out.n == 28 && msgs_vac_bans_read(out.p, out.n, &a, &m, NULL) == RC_OK && m.n == 2);
	CHECK(m.ranges[0].first == 10 && m.ranges[0].last == 240 && m.ranges[1].first == 730);
	said(EMSG_CLIENT_VAC_BAN_STATUS, &out,
		"{\"bans\":[{\"first_app\":10,\"last_app\":240},{\"first_app\":730,\"last_app\":730}]}");
	for (size_t i = 0; i < out.n; i++)
		CHECK(msgs_vac_bans_read(out.p, i, &a, &m, NULL) == RC_MALFORMED);
	memset(out.p, 0xFF, 4);
	CHECK(msgs_vac_bans_read(out.p, out.n, &a, &m, NULL) == RC_TOO_LARGE);
	buf_done(&real);
	buf_done(&out);
	arena_done(&a);
}

static void news(void)
{
	struct arena a = { 0 };
	struct buf real = real_body("tests/corpus/steam_frame/ClientMarketingMessageUpdate2.bin", &a), out = { 0 };
	struct msgs_news m;

	CHECK(msgs_news_read(real.p, real.n, &a, &m, NULL) == RC_OK && m.n == 7 && m.time == 1521763200);
	CHECK_STR(m.notices[0].url, "http://store.akamai.steamstatic.com/message/3068997270205480065/");
	CHECK(m.notices[0].gid == 3068997270205480065u && m.notices[0].flags == 14 && m.notices[6].flags == 6);
	msgs_news_write(&m, &out);
	CHECK(corpus_same(&out, real.p, real.n));
	for (size_t i = 0; i < out.n; i++)
		CHECK(msgs_news_read(out.p, i, &a, &m, NULL) == RC_MALFORMED);
	buf_done(&real);
	buf_done(&out);
	arena_done(&a);
}

static struct vdf *pass(struct arena *a, uint64_t gid)
{
	struct vdf *doc = arena_take(a, sizeof(*doc)), *root;
	doc->key = "";
	root = vdf_add(doc, a, VDF_OBJECT, "MessageObject");
	vdf_add(root, a, VDF_U64, "gid")->u64 = gid;
	vdf_add_text(root, a, "Name", "a gift");
	vdf_add(vdf_add(root, a, VDF_OBJECT, "more"), a, VDF_I32, "n")->i32 = -1;
	return doc;
}

static void guest_passes(void)
{
	struct arena a = { 0 };
	const struct vdf *redeem[] = { pass(&a, 5), pass(&a, 6) }, *give[] = { pass(&a, 7) };
	struct msgs_guest_passes was = { .eresult = 1, .give = give, .give_n = 1, .redeem = redeem, .redeem_n = 2 },
				 m;
	struct buf out = { 0 }, again = { 0 };

	msgs_guest_passes_write(&was, &out);
	CHECK(msgs_guest_passes_read(out.p, out.n, &a, &m, NULL) == RC_OK);
	CHECK(m.eresult == 1 && m.give_n == 1 && m.redeem_n == 2);
	uint64_t gid;
	CHECK(vdf_number_at(m.redeem[1], "MessageObject/gid", &gid) && gid == 6);
	CHECK(vdf_number_at(m.give[0], "MessageObject/gid", &gid) && gid == 7);
	msgs_guest_passes_write(&m, &again);
	CHECK(corpus_same(&again, out.p, out.n));
	for (size_t i = 0; i < out.n; i++)
		CHECK(msgs_guest_passes_read(out.p, i, &a, &m, NULL) == RC_MALFORMED);
	buf_done(&out);
	buf_done(&again);
	arena_done(&a);
}

static void small_ones(void)
{
	struct msgs_unavailable lost = { 77, 5438, 3 }, lost_back;
	struct msgs_ignore block = { 1, 76561197960265729u, true }, block_back;
	struct msgs_ignored blocked = { 9, 15 }, blocked_back;
	struct buf out = { 0 };

	msgs_unavailable_write(&lost, &out);
	CHECK(out.n == 16 && msgs_unavailable_read(out.p, out.n, &lost_back, NULL) == RC_OK);
	CHECK(lost_back.job == 77 && lost_back.emsg == 5438 && lost_back.server_type == 3);
	said(EMSG_CLIENT_SERVER_UNAVAILABLE, &out, "{\"jobid\":\"77\",\"emsg\":5438,\"server_type\":3}");
	CHECK(msgs_unavailable_read(out.p, 15, &lost_back, NULL) == RC_MALFORMED);
	out.n = 0;
	msgs_ignore_write(&block, &out);
	CHECK(out.n == 17 && msgs_ignore_read(out.p, out.n, &block_back, NULL) == RC_OK);
	CHECK(block_back.me == 1 && block_back.friend == 76561197960265729u && block_back.block);
	said(EMSG_CLIENT_SET_IGNORE_FRIEND, &out,
		"{\"steamid\":\"1\",\"friend\":\"76561197960265729\",\"block\":true}");
	CHECK(msgs_ignore_read(out.p, 16, &block_back, NULL) == RC_MALFORMED);
	out.n = 0;
	msgs_ignored_write(&blocked, &out);
	CHECK(out.n == 12 && msgs_ignored_read(out.p, out.n, &blocked_back, NULL) == RC_OK);
	CHECK(blocked_back.friend == 9 && blocked_back.eresult == 15);
	said(EMSG_CLIENT_SET_IGNORE_FRIEND_RESPONSE, &out, "{\"friend\":\"9\",\"eresult\":15}");
	buf_u8(&out, 0);
	CHECK(msgs_ignored_read(out.p, out.n, &blocked_back, NULL) == RC_MALFORMED);
	CHECK(msgs_describe(EMSG_CLIENT_LOG_ON_RESPONSE, out.p, out.n, &out, NULL) == RC_MISSING);
	buf_done(&out);
}

static void receipts(void)
{
	struct arena a = { 0 };
	struct msgs_licence licences[] = { { 303386, "Half-Life" }, { 7, "" } };
	struct msgs_receipt was = { .licences = licences,
		.n = 2,
		.transaction = 10000000001u,
		.time = 1700000000,
		.status = 1,
		.detail = 9,
		.country = "DE" },
			    m;
	struct buf out = { 0 };
	struct vdf *doc;

	CHECK(msgs_receipt_write(&was, &out, NULL) == RC_OK);
	CHECK(msgs_receipt_read(out.p, out.n, &a, &m, NULL) == RC_OK && m.n == 2);
	CHECK(m.licences[0].package == 303386 && m.licences[1].package == 7 && m.transaction == 10000000001u);
	CHECK(m.time == 1700000000 && m.status == 1 && m.detail == 9);
	CHECK_STR(m.licences[0].what, "Half-Life");
	CHECK_STR(m.country, "DE");
	CHECK(vdf_binary_parse(out.p, out.n, &a, &doc, NULL) == RC_OK);
	CHECK_STR(vdf_text_at(doc, "MessageObject/lineitems/0/ItemDescription"), "Half-Life");
	uint64_t count;
	CHECK(vdf_number_at(doc, "MessageObject/LineItemCount", &count) && count == 2);
	for (size_t i = 0; i < out.n; i++)
		CHECK(msgs_receipt_read(out.p, i, &a, &m, NULL) == RC_MALFORMED);
	CHECK(msgs_receipt_read("\x08", 1, &a, &m, NULL) == RC_MALFORMED);
	was.n = 0;
	out.n = 0;
	CHECK(msgs_receipt_write(&was, &out, NULL) == RC_OK &&
		msgs_receipt_read(out.p, out.n, &a, &m, NULL) == RC_OK);
	CHECK(m.n == 0);
	buf_done(&out);
	arena_done(&a);
}

int main(void)
{
	vac_bans();
	news();
	guest_passes();
	small_ones();
	receipts();
	return 0;
}
