/* Any bytes as each of the answers of Epic's and GOG's services, and as GOG's manifests. */
#include "wire/epic_answers.h"
#include "wire/gog_answers.h"
#include "wire/gog_manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void epic(const uint8_t *p, size_t n, struct arena *a)
{
	struct field_list list;
	struct epic_source source;
	struct epic_item item;

	if (epic_answers_source(p, n, a, &source, NULL) == RC_OK)
		expect(source.urls_n > 0 && source.urls[0].url && source.urls[0].base);
	(void)!epic_answers_assets(p, n, a, &list, NULL);
	(void)!epic_answers_item(p, n, "c", a, &item, NULL);
	(void)epic_answers_error(p, n, a);
}

static void gog(const uint8_t *p, size_t n, struct arena *a)
{
	struct field_list list;
	struct gog_links links;
	struct gog_product product;
	struct gog_sums sums;
	struct gog_repository repository;
	struct gog_depot_content depot;
	struct buf url = { 0 };
	const char *link, *checksum;

	if (gog_answers_builds(p, n, a, &list, NULL) == RC_OK)
		(void)gog_answers_newest(&list, NULL);
	if (gog_answers_links(p, n, a, &links, NULL) == RC_OK)
		for (size_t i = 0; i < links.n; i++)
			(void)!gog_answers_url(&links.at[i], "ab/cd/abcd", &url);
	if (gog_answers_sums(p, n, a, &sums, NULL) == RC_OK && sums.ranges_n)
		expect(sums.ranges[sums.ranges_n - 1].from + sums.ranges[sums.ranges_n - 1].n == sums.size);
	(void)!gog_answers_product(p, n, a, &product, NULL);
	(void)!gog_answers_downlink(p, n, a, &link, &checksum, NULL);
	(void)!gog_manifest_repository(p, n, a, &repository, NULL);
	(void)!gog_manifest_depot(p, n, a, &depot, NULL);
	buf_done(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 16 << 20 };

	epic(p, n, &a);
	gog(p, n, &a);
	arena_done(&a);
	return 0;
}
