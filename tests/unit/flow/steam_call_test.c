/* Calls answered by packets that Steam really sent: app 480 whole and as metadata, package 0, a list of changes. */
#include "flow/steam_call.h"
#include "wire/steam/frame.h"
#include "wire/steam/vdf.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/emsg.h"

#define FOLDER "tests/corpus/steam_frame/"

/* Starts the call, lets its one request have the job that the packet answers, and feeds the packet. */
static struct steam_call *answered(const struct steam_ask *ask, const char *packet)
{
	struct buf in = corpus_read(packet), out = { 0 };
	struct arena a = { 0 };
	struct steam_frame fr;
	struct steam_call *c;
	struct fault f = { 0 };

	CHECK(steam_frame_parse(in.p, in.n, &a, &fr, &f) == RC_OK);
	CHECK(steam_call_new(ask, 10, &c, &f) == RC_OK);
	CHECK(steam_call_due(c) == (ask->kind == STEAM_CALL_PRODUCTS ? 10 : ask->deadline_ms));
	CHECK(steam_call_request(
		c, 10, (struct steam_frame){ .job_source = fr.job_target, .job_target = STEAM_JOB_NONE }, &out));
	CHECK(out.n > 0 && steam_call_has_job(c, fr.job_target) && !steam_call_has_job(c, fr.job_target + 1));
	size_t once = out.n;
	CHECK(!steam_call_request(
		c, 10, (struct steam_frame){ .job_source = 99, .job_target = STEAM_JOB_NONE }, &out));
	CHECK(out.n == once && steam_call_due(c) == ask->deadline_ms);

	struct steam_frame stray = fr;
	stray.job_target++;
	CHECK(!steam_call_feed(c, 11, &stray) && !c->ended);
	CHECK(steam_call_feed(c, 12, &fr) && c->ended && c->ended_ms == 12);
	CHECK(!steam_call_feed(c, 13, &fr));
	steam_call_end(c, 14, RC_TIMEOUT, "too late");
	CHECK(c->rc == RC_OK && c->ended_ms == 12);
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
	return c;
}

static void app_480(void)
{
	struct steam_product ask[] = { { .id = 480 } };
	struct arena a = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };
	struct steam_call *c = answered(
		&(struct steam_ask){ STEAM_CALL_PRODUCTS, .deadline_ms = 99, .products = ask, .products_n = 1 },
		FOLDER "002_in_8904_k_EMsgClientPICSProductInfoResponse_app480.bin");
	const struct steam_product *p = c->products;

	CHECK(c->products_n == 1 && p->state == STEAM_PRODUCT_KNOWN && p->id == 480 &&
		p->change_number == 24483107);
	CHECK(p->size == 3229 && p->buffer_n == 3229 && p->has_sha && !p->missing_token && !p->denied);
	CHECK(pics_parse(PICS_APP, p->buffer, p->buffer_n, &a, &doc, &f) == RC_OK);
	CHECK_STR(vdf_text_at(doc, "appinfo/common/name"), "Spacewar");
	arena_done(&a);
	steam_call_free(c);
}

static void app_480_metadata(void)
{
	struct steam_product ask[] = { { .id = 480 } };
	struct steam_call *c = answered(&(struct steam_ask){ STEAM_CALL_PRODUCTS, .deadline_ms = 99,
						.products = ask, .products_n = 1, .metadata_only = true },
		FOLDER "001_in_8904_k_EMsgClientPICSProductInfoResponse_app480_metadata.bin");

	CHECK(c->products->state == STEAM_PRODUCT_KNOWN && c->products->change_number == 24483107);
	CHECK(c->products->buffer == NULL && c->products->size == 3229 && c->products->has_sha);
	steam_call_free(c);
}

static void package_0(void)
{
	struct steam_product ask[] = { { .kind = PICS_APP, .id = 0 }, { .kind = PICS_PACKAGE, .id = 0 } };
	struct steam_call *c = answered(
		&(struct steam_ask){ STEAM_CALL_PRODUCTS, .deadline_ms = 99, .products = ask, .products_n = 2 },
		FOLDER "003_in_8904_k_EMsgClientPICSProductInfoResponse_sub0.bin");

	/* An app and a package of the same number are two things. */
	CHECK(c->products[0].state == STEAM_PRODUCT_UNANSWERED && c->products[0].buffer == NULL);
	CHECK(c->products[1].state == STEAM_PRODUCT_KNOWN && c->products[1].buffer_n == 9276);
	steam_call_free(c);
}

static void changes(void)
{
	struct steam_call *c =
		answered(&(struct steam_ask){ STEAM_CALL_CHANGES, .deadline_ms = 99, .since = 4216227 },
			FOLDER "ClientPICSChangesSinceResponse.bin");

	CHECK(c->changes.current == 4216262 && c->changes.since == 4216227);
	CHECK(!c->changes.full_apps && !c->changes.full_packages);
	CHECK(c->changes.apps_n == 31 && c->changes.packages_n == 1);
	for (size_t i = 0; i < c->changes.apps_n; i++)
		CHECK(c->changes.apps[i].number > 4216227 && c->changes.apps[i].number <= 4216262);
	steam_call_free(c);
}

/* The frame that the call wants to send, as Steam would read it; in the arena. */
static struct steam_frame sent_by(
	struct steam_call *c, uint64_t now_ms, uint64_t steamid, struct buf *out, struct arena *a)
{
	struct steam_frame fr;
	struct fault f = { 0 };
	CHECK(steam_call_request(c, now_ms,
		(struct steam_frame){
			.steamid = steamid, .session = 3, .job_source = 21, .job_target = STEAM_JOB_NONE },
		out));
	CHECK(c->sent);
	CHECK(steam_frame_parse(out->p, out->n, a, &fr, &f) == RC_OK);
	return fr;
}

static struct steam_call *asked(struct steam_ask ask)
{
	struct steam_call *c;
	struct fault f = { 0 };
	ask.deadline_ms = 1100;
	CHECK(steam_call_new(&ask, 100, &c, &f) == RC_OK && !c->sent);
	CHECK(steam_call_due(c) == 1100);
	return c;
}

/* A service's method: by another message when nobody is logged on; its result is in the header of its answer. */
static void service(uint64_t steamid, int32_t eresult)
{
	struct buf out = { 0 };
	struct arena a = { 0 };
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct steam_call *c = asked((struct steam_ask){
		STEAM_CALL_SERVICE, .method = "Authentication.Some#1", .body = "\x08\x01", .body_n = 2 });
	struct steam_frame fr = sent_by(c, 100, steamid, &out, &a);

	CHECK(fr.emsg ==
		(steamid ? EMSG_SERVICE_METHOD_CALL_FROM_CLIENT : EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED));
	CHECK_STR(fr.header->target_job_name, "Authentication.Some#1");
	CHECK(fr.header->realm == 1 && fr.job_source == 21 && fr.steamid == steamid && fr.body_n == 2);
	CHECK(!steam_call_request(c, 100, (struct steam_frame){ .job_source = 22 }, &out));

	h.error_message = (char *)"because";
	fr = (struct steam_frame){ .emsg = EMSG_SERVICE_METHOD_RESPONSE,
		.job_target = 21,
		.eresult = eresult,
		.header = &h,
		.body = (const uint8_t *)"\x10\x05\x18",
		.body_n = 3 };
	CHECK(steam_call_feed(c, 200, &fr) && c->ended && c->eresult == eresult && c->body_n == 3);
	CHECK(c->rc == (eresult == 1 ? RC_OK : RC_REFUSED) && !memcmp(c->body, fr.body, 3));
	if (eresult != 1)
		CHECK_STR(c->fault.text, "Authentication.Some#1: InvalidPassword (5): because");
	steam_call_free(c);
	buf_done(&out);
	arena_done(&a);
}

static void job(void)
{
	struct buf out = { 0 };
	struct arena a = { 0 };
	struct steam_call *c = asked((struct steam_ask){ STEAM_CALL_JOB, .emsg = EMSG_CLIENT_REGISTER_KEY });
	struct steam_frame fr = sent_by(c, 100, 7, &out, &a);

	CHECK(fr.kind == STEAM_FRAME_PROTO && fr.emsg == EMSG_CLIENT_REGISTER_KEY && fr.body_n == 0 &&
		fr.session == 3);
	fr = (struct steam_frame){ .emsg = EMSG_CLIENT_PURCHASE_RESPONSE, .job_target = 21 };
	CHECK(steam_call_feed(c, 150, &fr) && c->rc == RC_OK && c->emsg == EMSG_CLIENT_PURCHASE_RESPONSE &&
		!c->body);
	steam_call_free(c);

	buf_done(&out);
	c = asked((struct steam_ask){ STEAM_CALL_JOB, .emsg = 855, .is_struct = true, .body = "abc", .body_n = 3 });
	fr = sent_by(c, 100, 7, &out, &a);
	CHECK(fr.kind == STEAM_FRAME_STRUCT && fr.emsg == 855 && fr.steamid == 7 && fr.body_n == 3);
	fr = (struct steam_frame){ .emsg = EMSG_DEST_JOB_FAILED, .job_target = 21 };
	CHECK(steam_call_feed(c, 150, &fr) && c->rc == RC_REFUSED && c->sent);
	steam_call_free(c);
	buf_done(&out);
	arena_done(&a);
}

static void send_only(void)
{
	struct buf out = { 0 };
	struct arena a = { 0 };
	struct steam_call *c = asked(
		(struct steam_ask){ STEAM_CALL_SEND, .emsg = EMSG_CLIENT_CHANGE_STATUS, .body = "x", .body_n = 1 });
	struct steam_frame fr = sent_by(c, 100, 7, &out, &a);
	CHECK(fr.emsg == EMSG_CLIENT_CHANGE_STATUS && fr.job_source == STEAM_JOB_NONE && c->ended &&
		c->rc == RC_OK);
	steam_call_free(c);
	buf_done(&out);

	c = asked((struct steam_ask){ STEAM_CALL_SEND, .method = "SteamNotification.MarkNotificationsRead#1" });
	fr = sent_by(c, 100, 7, &out, &a);
	CHECK(fr.emsg == EMSG_SERVICE_METHOD_CALL_FROM_CLIENT && fr.job_source == STEAM_JOB_NONE && c->ended);
	steam_call_free(c);
	buf_done(&out);
	arena_done(&a);
}

/* "Still at work" gives as much time as at first, but not for ever. */
static void alive(void)
{
	struct buf out = { 0 };
	struct arena a = { 0 };
	const struct steam_frame beat = { .emsg = EMSG_JOB_HEARTBEAT, .job_target = 21 };
	struct steam_call *c = asked((struct steam_ask){ STEAM_CALL_JOB, .emsg = EMSG_CLIENT_REGISTER_KEY });

	sent_by(c, 100, 7, &out, &a);
	CHECK(steam_call_feed(c, 600, &beat) && !c->ended && steam_call_due(c) == 1600);
	for (uint64_t now = 600; now < 9000; now += 100)
		CHECK(steam_call_feed(c, now, &beat));
	CHECK(steam_call_due(c) == 100 + 1000 * STEAM_CALL_ALIVE_MAX);
	steam_call_free(c);
	buf_done(&out);
	arena_done(&a);
}

static void senseless(void)
{
	struct steam_call *c = NULL;
	struct fault f = { 0 };
	CHECK(steam_call_new(&(struct steam_ask){ STEAM_CALL_JOB, .deadline_ms = 9 }, 1, &c, &f) == RC_INVALID);
	CHECK(steam_call_new(&(struct steam_ask){ STEAM_CALL_SEND, .deadline_ms = 9 }, 1, &c, &f) == RC_INVALID);
	CHECK(steam_call_new(&(struct steam_ask){ STEAM_CALL_SERVICE, .deadline_ms = 9, .emsg = 5 }, 1, &c, &f) ==
		RC_INVALID);
	CHECK(steam_call_new(&(struct steam_ask){ STEAM_CALL_JOB, .deadline_ms = 9, .emsg = 5, .body = "",
				     .body_n = STEAM_CALL_BODY_MAX + 1 },
		      1, &c, &f) == RC_TOO_LARGE);
	CHECK(!c);
}

int main(void)
{
	service(0, 1);
	service(76561197960265729u, 1);
	service(76561197960265729u, 5);
	job();
	send_only();
	alive();
	senseless();
	app_480();
	app_480_metadata();
	package_0();
	changes();
	steam_call_free(NULL);
	return 0;
}
