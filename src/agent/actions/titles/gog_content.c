/* The source gog.content_system: the builds of a product, for Windows and for macOS. A branch without a name is "public". */
#include "agent/actions/titles/shop_poll.h"
#include "agent/agent.h"
#include "wire/gog_answers.h"

#include <string.h>

extern const struct titles_source titles_gog_content;

#define REFS_MAX     500
#define BRANCHES_MAX 64

static const char *address(struct titles_poll *p, size_t at, const char *os)
{
	const char *ref = p->refs[at];
	size_t n = strlen(ref);

	if (n == 0 || n > 20 || strspn(ref, "0123456789") != n)
		return NULL;
	return arena_fmt(p->task->arena, "%s/products/%s/os/%s/builds?generation=2",
		p->task->shops->gog_content_url, ref, os);
}

static bool has(const struct action_title_branch *at, size_t n, const char *name, const char *os)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(at[i].name, name) && !strcmp(at[i].os, os))
			return true;
	return false;
}

/* The newest of each branch, behind those that are there. */
static enum rc understand(
	struct titles_poll *p, size_t at, const struct http_answer *a, struct action_title *to, struct fault *f)
{
	struct arena *arena = p->task->arena;
	struct field_list builds;

	(void)at;
	if (a->status == 404)
		return RC_MISSING;
	enum rc rc = gog_answers_builds(a->body.p, a->body.n, arena, &builds, f);
	if (rc != RC_OK)
		return rc;
	if (builds.n == 0)
		return RC_MISSING;
	const struct gog_build *b = builds.at;
	size_t most = to->branches.n + (builds.n < BRANCHES_MAX ? builds.n : BRANCHES_MAX);
	struct action_title_branch *branches = arena_take(arena, (most + 1) * sizeof(*branches));
	if (!branches)
		return RC_TOO_LARGE;
	if (to->branches.n)
		memcpy(branches, to->branches.at, to->branches.n * sizeof(*branches));
	to->branches.at = branches;
	for (size_t i = 0; i < builds.n && to->branches.n < most; i++) {
		const char *name = b[i].branch ? b[i].branch : "public", *os = b[i].os ? b[i].os : "";
		const struct gog_build *newest = gog_answers_newest(&builds, b[i].branch);
		if (has(branches, to->branches.n, name, os))
			continue;
		branches[to->branches.n++] = (struct action_title_branch){ .name = name,
			.os = os,
			.build_id = newest->id,
			.version = newest->version,
			.updated_ms = newest->published_ms };
		to->updated_ms = newest->published_ms > to->updated_ms ? newest->published_ms : to->updated_ms;
	}
	return RC_OK;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	const struct shop_poll how = { .lane = LANE_GOG,
		.variants = { "windows", "osx" },
		.variants_n = 2,
		.address = address,
		.read = understand };
	return shop_poll_run(p, &how, f);
}

const struct titles_source titles_gog_content = {
	.name = "gog.content_system", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
