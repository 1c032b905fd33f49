/* manifests.diff: two manifests of a depot beside each other. */
#include "agent/action_run.h"
#include "agent/content/cdn.h"
#include "base/hush.h"
#include "model/action_download.h"
#include "wire/steam/manifest_diff.h"
#include "wire/steam/manifest_names.h"

#include <stdlib.h>
#include <string.h>

extern const struct action_run manifests_diff;

static enum rc read_one(struct action_task *t, const struct content_manifest *what, struct arena *a,
	struct manifest *ret, struct fault *f)
{
	uint8_t key[STEAM_CONTENT_KEY];
	struct buf in = { 0 };

	enum rc rc = cdn_manifest(t, what, NULL, NULL, &in, f);
	if (rc == RC_OK)
		rc = manifest_read(in.p, in.n, a, ret, f);
	buf_done(&in);
	if (rc != RC_OK || !ret->encrypted)
		return rc;
	rc = content_key(t, what->depot, what->app, key, f);
	if (rc == RC_OK)
		rc = manifest_names_decrypt(ret, key, a, f);
	hush_wipe(key, sizeof(key));
	return rc;
}

/* As paths are written here: with slashes. */
static char *path_of(struct arena *a, const char *name)
{
	char *to = arena_str(a, name);

	for (char *c = to; c && *c; c++)
		if (*c == '\\')
			*c = '/';
	return to;
}

static enum rc put(struct action_task *t, const struct manifest_diff *d, struct action_manifests_diff_result *to)
{
	static const char *const words[] = { [MANIFEST_DIFF_ADDED] = "added",
		[MANIFEST_DIFF_REMOVED] = "removed",
		[MANIFEST_DIFF_CHANGED] = "changed" };
	size_t n = d->n < ACTION_MANIFEST_CHANGES_MAX ? d->n : ACTION_MANIFEST_CHANGES_MAX;
	struct action_manifest_change *files = arena_take(t->arena, (n + 1) * sizeof(*files));

	if (!files)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct manifest_diff_file *one = &d->files[i];
		files[i] = (struct action_manifest_change){ .path = path_of(t->arena, one->file->name),
			.change = words[one->kind],
			.size = one->kind == MANIFEST_DIFF_REMOVED ? 0 : one->file->size,
			.download_size = one->fetched };
		if (!files[i].path)
			return RC_NOMEM;
	}
	*to = (struct action_manifests_diff_result){ .files = { files, n },
		.added = d->added,
		.removed = d->removed,
		.changed = d->changed,
		.download_size = d->fetched,
		.cut = n < d->n };
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_manifests_diff *want = in;
	struct arena a = { .limit = MANIFEST_MEMORY };
	struct content_manifest what = { .app = want->app,
		.depot = want->depot,
		.gid = strtoull(want->from, NULL, 10),
		.branch = want->branch };
	struct manifest from = { 0 }, to = { 0 };
	struct manifest_diff d;

	enum rc rc = read_one(t, &what, &a, &from, f);
	what.gid = strtoull(want->to, NULL, 10);
	if (rc == RC_OK)
		rc = read_one(t, &what, &a, &to, f);
	if (rc == RC_OK)
		rc = manifest_diff_make(&from, &to, &a, &d, f);
	if (rc == RC_OK)
		rc = put(t, &d, out);
	arena_done(&a);
	return rc;
}

const struct action_run manifests_diff = { .name = "manifests.diff", .run = run };
