/* The source gog.product_http: a product's page at a time: metadata, no builds. */
#include "agent/actions/titles/shop_poll.h"
#include "agent/agent.h"
#include "wire/gog_answers.h"

#include <string.h>

extern const struct titles_source titles_gog_product;

#define REFS_MAX 500

static const char *address(struct titles_poll *p, size_t at, const char *variant)
{
	const char *ref = p->refs[at];
	size_t n = strlen(ref);

	(void)variant;
	if (n == 0 || n > 20 || strspn(ref, "0123456789") != n)
		return NULL;
	return arena_fmt(p->task->arena, "%s/products/%s?expand=downloads,changelog&locale=en-US",
		p->task->shops->gog_api_url, ref);
}

static enum rc understand(
	struct titles_poll *p, size_t at, const struct http_answer *a, struct action_title *to, struct fault *f)
{
	struct action_title_section *s = arena_take(p->task->arena, 3 * sizeof(*s));
	struct gog_product product;
	size_t n = 0;

	(void)at;
	if (a->status == 404)
		return RC_MISSING;
	enum rc rc = s ? gog_answers_product(a->body.p, a->body.n, p->task->arena, &product, f) : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	s[n++] = (struct action_title_section){ "store_page", product.store_sha1 };
	if (product.downloads_sha1)
		s[n++] = (struct action_title_section){ "downloads", product.downloads_sha1 };
	if (product.changelog_sha1)
		s[n++] = (struct action_title_section){ "changelog", product.changelog_sha1 };
	to->name = product.title;
	to->kind = product.kind;
	to->visibility = product.secret ? "secret" : "public";
	to->sections = (struct field_list){ s, n };
	return RC_OK;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	const struct shop_poll how = {
		.lane = LANE_GOG, .variants = { "" }, .variants_n = 1, .address = address, .read = understand
	};
	return shop_poll_run(p, &how, f);
}

const struct titles_source titles_gog_product = {
	.name = "gog.product_http", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
