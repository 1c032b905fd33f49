/* Any bytes as a Steam message: what is read is written and read again as the same; the description is made of whatever it is. */
#include "wire/steam/describe.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/multi.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void again(const struct steam_frame *was, struct arena *a)
{
	struct buf out = { 0 };
	struct steam_frame is;

	steam_frame_write(&out, was);
	expect(!out.bad && steam_frame_parse(out.p, out.n, a, &is, NULL) == RC_OK);
	expect(is.kind == was->kind && is.emsg == was->emsg && is.steamid == was->steamid &&
		is.session == was->session);
	expect(is.job_source == was->job_source && is.job_target == was->job_target && is.body_n == was->body_n);
	expect(is.body_n == 0 || !memcmp(is.body, was->body, is.body_n));
	buf_done(&out);
}

static void message(const uint8_t *p, size_t n, struct arena *a, unsigned depth)
{
	struct steam_frame fr;
	struct steam_multi m;

	if (steam_frame_parse(p, n, a, &fr, NULL) != RC_OK)
		return;
	again(&fr, a);
	if (fr.emsg != EMSG_MULTI || depth > 3 || steam_multi_open(fr.body, fr.body_n, a, &m, NULL) != RC_OK)
		return;
	while (steam_multi_next(&m, &p, &n, NULL) == RC_OK)
		message(p, n, a, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 8u << 20 };
	struct buf out = { 0 };

	message(p, n, &a, 0);
	if (describe_packet(p, n, &out, NULL) != RC_OK)
		expect(out.n == 0);
	buf_done(&out);
	arena_done(&a);
	return 0;
}
