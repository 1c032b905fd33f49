/* Downloads: what may become of one, whose turn it is, and which are for the same content. */
#include "base/buf.h"
#include "model/civil.h"
#include "model/download.h"

#include "tests/unit/check.h"

#include <string.h>

static void moves(void)
{
	enum download_state s = DOWNLOAD_QUEUED;
	static const enum download_state way[] = { DOWNLOAD_ADMITTED, DOWNLOAD_RESOLVING, DOWNLOAD_ALLOCATING,
		DOWNLOAD_DOWNLOADING, DOWNLOAD_VERIFYING, DOWNLOAD_DOWNLOADING, DOWNLOAD_VERIFYING,
		DOWNLOAD_PACKAGING, DOWNLOAD_PUBLISHING, DOWNLOAD_READY, DOWNLOAD_EXPIRED };

	for (size_t i = 0; i < sizeof(way) / sizeof(*way); i++)
		CHECK(download_move(&s, way[i]) == RC_OK && s == way[i]);
	for (int to = 0; to < DOWNLOAD_STATES; to++)
		CHECK(download_move(&s, (enum download_state)to) == RC_CONFLICT && s == DOWNLOAD_EXPIRED);
	for (int from = 0; from < DOWNLOAD_STATES; from++) {
		s = (enum download_state)from;
		CHECK(download_move(&s, s) == RC_CONFLICT); /* nowhere is a move to itself */
		CHECK((download_move(&s, DOWNLOAD_READY) == RC_OK) ==
			((download_is_running((enum download_state)from) && from != DOWNLOAD_CANCELING) ||
				from == DOWNLOAD_ATTACHED));
	}
	s = DOWNLOAD_CANCELING; /* nothing saves what is canceled */
	CHECK(download_move(&s, DOWNLOAD_READY) == RC_CONFLICT &&
		download_move(&s, DOWNLOAD_QUEUED) == RC_CONFLICT);
	CHECK(download_move(&s, DOWNLOAD_CANCELED) == RC_OK);
	s = DOWNLOAD_PAUSED;
	CHECK(download_move(&s, DOWNLOAD_ADMITTED) == RC_CONFLICT && download_move(&s, DOWNLOAD_QUEUED) == RC_OK);
	CHECK_STR(download_words[DOWNLOAD_FAILED], "failed");
	CHECK(!download_words[DOWNLOAD_STATES] && !download_reason_words[DOWNLOAD_REASONS]);
}

static void phases(void)
{
	CHECK_STR(download_phase(DOWNLOAD_QUEUED), "queued");
	CHECK_STR(download_phase(DOWNLOAD_PAUSED), "queued");
	CHECK_STR(download_phase(DOWNLOAD_ATTACHED), "running");
	CHECK_STR(download_phase(DOWNLOAD_PUBLISHING), "running");
	CHECK_STR(download_phase(DOWNLOAD_READY), "success");
	CHECK_STR(download_phase(DOWNLOAD_EXPIRED), "success");
	CHECK_STR(download_phase(DOWNLOAD_CANCELED), "failed");
	CHECK(download_is_running(DOWNLOAD_CANCELING) && !download_is_running(DOWNLOAD_ATTACHED));
}

/* Two tenants of weights 1 and 3 that always wait: 400 turns are shared 100 to 300, and never more than a few apart on the way. */
static void shares(void)
{
	struct download_flow f[] = { { "ten_a", "key:1", 0, 1, 0, false }, { "ten_b", "key:2", 0, 3, 0, false } };
	int64_t served = 0;
	int n[2] = { 0 };

	for (int i = 1; i <= 400; i++) {
		int at = download_next(f, 2, served);
		CHECK(at >= 0);
		served = f[at].pass > served ? f[at].pass : served;
		f[at].pass = download_pass(f[at].pass, f[at].weight, served);
		n[at]++;
		CHECK(n[1] <= 3 * n[0] + 3 && 3 * n[0] <= n[1] + 3);
	}
	CHECK(n[0] == 100 && n[1] == 300);
	/* One that comes late has saved up nothing: it takes turns from now on. */
	struct download_flow late[] = { f[0], { "ten_c", "key:3", 0, 1, 0, false } };
	int c = 0;
	for (int i = 0; i < 20; i++) {
		int at = download_next(late, 2, served);
		served = late[at].pass > served ? late[at].pass : served;
		late[at].pass = download_pass(late[at].pass, 1, served);
		c += at == 1;
	}
	CHECK(c >= 9 && c <= 11);
}

static void ranks(void)
{
	struct download_flow f[] = { { "ten_a", "key:1", 5, 1, download_rank(0, 1000), false },
		{ "ten_a", "key:2", 5, 1, download_rank(5, 2000), false },
		{ "ten_b", "key:3", 9, 1, download_rank(9, 0), false } };

	CHECK(download_next(f, 3, 0) == 1); /* ten_a's turn; its higher priority */
	f[0].rank = download_rank(0, 2000 - 5 * DOWNLOAD_AGE_MS - 1);
	CHECK(download_next(f, 3, 0) ==
		0); /* one that waited long enough goes before a new one of a higher priority */
	f[0].blocked = f[1].blocked = true;
	CHECK(download_next(f, 3, 0) == 2); /* nobody waits for those that cannot go */
	f[2].blocked = true;
	CHECK(download_next(f, 3, 0) == -1 && download_next(f, 0, 0) == -1);
}

static const char *key(const struct action_download *d, int mode, const char *id, const char *alone)
{
	static struct buf ring[4];
	static int at;
	struct buf *b = &ring[at++ % 4];

	buf_done(b);
	*b = (struct buf){ 0 };
	download_key(d, &(struct download_account){ mode, id }, alone, b);
	return buf_text(b);
}

static void keys(void)
{
	const char *one[] = { "a;1:b" }, *two[] = { "a", "b" };
	struct action_download d = { .source = { .kind = "workshop_item", .app_id = 1, .id = "22" } }, e = d;

	CHECK_STR(key(&d, 1, NULL, NULL), key(&e, 1, NULL, NULL));
	e.download_id = "dl_2"; /* whose it is, how fast and with which files of an earlier build: not what it is */
	e.base_content = "c";
	e.concurrency = 3;
	e.max_bytes = 5;
	e.branch_password = "secret";
	e.source.branch = "public";
	CHECK_STR(key(&d, 1, NULL, NULL), key(&e, 1, NULL, NULL));
	CHECK(!strstr(key(&e, 1, NULL, NULL), "secret"));
	CHECK(strcmp(key(&d, 1, NULL, NULL), key(&d, 0, NULL, NULL)) != 0);
	CHECK(strcmp(key(&d, 2, "acc_1", NULL), key(&d, 2, "acc_2", NULL)) != 0);
	CHECK(strcmp(key(&d, 1, NULL, NULL), key(&d, 1, NULL, "dl_1")) != 0);
	e.source.id = "23";
	CHECK(strcmp(key(&d, 1, NULL, NULL), key(&e, 1, NULL, NULL)) != 0);
	/* No list of globs can be taken for another. */
	d.filter.include = (struct field_list){ one, 1 };
	e = d;
	e.filter.include = (struct field_list){ two, 2 };
	CHECK(strcmp(key(&d, 1, NULL, NULL), key(&e, 1, NULL, NULL)) != 0);
	e = d;
	e.filter.exclude = d.filter.include;
	e.filter.include = (struct field_list){ 0 };
	CHECK(strcmp(key(&d, 1, NULL, NULL), key(&e, 1, NULL, NULL)) != 0);
	CHECK(download_wants_licence("no_license") && !download_wants_licence("integrity") &&
		!download_wants_licence(NULL));
}

static void windows(void)
{
	const int64_t day = 86400000, newyear = civil_day(2024, 1, 1) * day;

	CHECK(download_period(DOWNLOAD_DAY, newyear) == download_period(DOWNLOAD_DAY, newyear - 1) + 1);
	CHECK(download_period(DOWNLOAD_MONTH, newyear) == download_period(DOWNLOAD_MONTH, newyear - 1) + 1);
	CHECK(download_period(DOWNLOAD_MONTH, newyear + 31 * day - 1) == download_period(DOWNLOAD_MONTH, newyear));
	CHECK(download_period_end(DOWNLOAD_DAY, newyear) == newyear + day);
	CHECK(download_period_end(DOWNLOAD_DAY, newyear - 1) == newyear);
	CHECK(download_period_end(DOWNLOAD_MONTH, newyear - 1) == newyear);
	CHECK(download_period_end(DOWNLOAD_MONTH, newyear + 31 * day) == newyear + 60 * day);
	CHECK(download_reserve(100 * 1048576) == 106 * 1048576);
}

int main(void)
{
	windows();
	moves();
	phases();
	shares();
	ranks();
	keys();
	return 0;
}
