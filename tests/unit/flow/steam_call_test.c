/* Calls answered by packets that Steam really sent: app 480 whole and as metadata, package 0, a list of changes. */
#include "flow/steam_call.h"

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

int main(void)
{
	app_480();
	app_480_metadata();
	package_0();
	changes();
	steam_call_free(NULL);
	return 0;
}
