/* Content servers that are well and that fail, each in its way (D4): who is asked, for what, and how often. */
#include "tests/unit/agent/cdn_rig.h"

static const struct cdn_rate *rate_of(const struct cdn_rate *all, size_t n, unsigned server)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].host, sim.cdn_hosts[server - 1]))
			return &all[i];
	return NULL;
}

static double overhead(const struct got *g) { return (double)g->stats.bytes_network / (double)packed_all; }

static void all_well(void)
{
	faults(NULL);
	struct got g = fetch();
	if (g.rc != RC_OK)
		fprintf(stderr, "%s\n", g.f.text);
	CHECK(g.rc == RC_OK && g.once && g.stats.bytes_network == packed_all && g.stats.tries == wants_n);
	CHECK(g.stats.errors == 0 && g.stats.chunks == wants_n && tokens_asked == 0);
}

/* D4: one slow, one that answers 403, one whose bytes are wrong, two that are good. */
static void d4(void)
{
	struct cdn_rate rates[8];

	FAULTS("cdn_chunk@*:server=1,cdn_slow=100", "cdn_chunk@*:server=2,cdn_403",
		"cdn_chunk@*:server=3,cdn_corrupt");
	struct got g = fetch();
	if (g.rc != RC_OK)
		fprintf(stderr, "%s\n", g.f.text);
	CHECK(g.rc == RC_OK && g.once);
	size_t n = cdn_rates(task.cdn, rates, 8);
	const struct cdn_rate *slow = rate_of(rates, n, 1), *denies = rate_of(rates, n, 2),
			      *corrupt = rate_of(rates, n, 3);
	for (size_t i = 0; i < n; i++)
		printf("%s %llu bit/s %u errors\n", rates[i].host, (unsigned long long)rates[i].rate_bps,
			rates[i].errors);
	CHECK(denies && denies->errors > 0 && corrupt && corrupt->errors > 0);
	CHECK(slow && rates[0].rate_bps > slow->rate_bps * 4);
	printf("D4: %.3f times the bytes, %u tries for %zu chunks\n", overhead(&g), g.stats.tries, wants_n);
	/* The corrupt server is asked by what is under way at once, and no more: a chunk for each of its connections at most. */
	CHECK(overhead(&g) <= 1.0 + 8.0 / (double)wants_n + 0.001);
}

static void each_fault(void)
{
	static const char *const first[] = { "cdn_chunk@1-5:cdn_truncate", "cdn_chunk@1-5:cdn_corrupt",
		"cdn_chunk@1-5:retry_after=60", "cdn_chunk@1-5:http=503", "cdn_chunk@1-5:commit_then_reset",
		"cdn_chunk@1-2:cdn_404", "cdn_chunk@1-3:http=500" };
	static const enum chunk_error why[] = { CHUNK_ERROR_KINDS, CHUNK_ERROR_BAD_HASH, CHUNK_ERROR_429,
		CHUNK_ERROR_5XX, CHUNK_ERROR_KINDS, CHUNK_ERROR_404, CHUNK_ERROR_5XX };

	for (unsigned i = 0; i < sizeof(first) / sizeof(*first); i++) {
		/* One server fails for good, the others are well. */
		char rule[100];
		snprintf(rule, sizeof(rule), "cdn_chunk@*:server=2,%s", strchr(first[i], ':') + 1);
		FAULTS(rule);
		struct got g = fetch();
		if (g.rc != RC_OK || !g.once)
			fprintf(stderr, "%s: %s\n", rule, g.f.text);
		CHECK(g.rc == RC_OK && g.once && g.stats.errors > 0);
		uint32_t sum = 0;
		for (unsigned k = 0; k < CHUNK_ERROR_KINDS; k++)
			sum += g.stats.errors_of[k];
		CHECK(sum == g.stats.errors);
		CHECK(why[i] == CHUNK_ERROR_KINDS || g.stats.errors_of[why[i]] == sum);
	}
}

static void gone(void)
{
	FAULTS("cdn_chunk@*:cdn_404");
	struct got g = fetch();
	CHECK(g.rc == RC_MISSING && !strcmp(task.code, "not_found"));
	FAULTS("cdn_manifest@*:cdn_404");
	const struct content_manifest m = { .app = APP, .depot = DEPOT, .gid = 77 };
	struct buf plain = { 0 };
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_MISSING && !strcmp(task.code, "not_found"));
	CHECK(cdn_manifest(&task, &(struct content_manifest){ .app = APP, .depot = DEPOT, .gid = 78 }, NULL, NULL,
		      &plain, NULL) == RC_DENIED);
	CHECK_STR(task.code, "access_denied");
	uint8_t other[32];
	CHECK(content_key(&task, 999, APP, other, NULL) == RC_MISSING && !strcmp(task.code, "not_found"));
	CHECK(content_key(&task, 600, 600, other, NULL) == RC_DENIED && !strcmp(task.code, "no_license"));
	buf_done(&plain);
}

/* A depot whose servers want a token: one is asked for, of each server, and is kept. */
static void tokens(void)
{
	struct buf plain = { 0 };
	const struct content_manifest m = { .app = 481, .depot = 501, .gid = 78 };

	faults(NULL);
	tokens_asked = 0;
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_OK && tokens_asked >= 1);
	for (unsigned i = 0; i < 12; i++)
		CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_OK);
	CHECK(tokens_asked <= SERVERS);
	fresh();
	no_tokens = true;
	CHECK(cdn_manifest(&task, &m, NULL, NULL, &plain, NULL) == RC_DENIED);
	CHECK_STR(task.code, "access_denied");
	no_tokens = false;
	buf_done(&plain);
}

/* All servers deny the chunks, and take no token either. */
static void all_deny(void)
{
	FAULTS("cdn_chunk@*:cdn_403");
	tokens_asked = 0;
	struct got g = fetch();
	CHECK(g.rc == RC_DENIED && !strcmp(task.code, "access_denied") && tokens_asked == SERVERS);
}

int main(void)
{
	rig_start();
	all_well();
	d4();
	each_fault();
	gone();
	tokens();
	all_deny();
	rig_end();
	return 0;
}
