#include "agent/content/source_steam.h"

#include "model/action_download.h"
#include "wire/steam/vdf.h"

#include <string.h>
#include <strings.h>

#define DEFAULT_BRANCH "public"

struct app {
	struct source_steam *s;
	const struct action_download_source *want;
	const char *branch, *os, *arch, *lang;
	const struct vdf *depots; /* of the app, as the branch has them */
	struct fault *f;
};

static const char * or (const char *s, const char *other) { return s && *s ? s : other; }

static enum rc missing(struct source_steam *s, struct fault *f, const char *what)
{
	s->task->code = "not_found";
	return fault_set(f, RC_MISSING, "%s", what);
}

/* ---- depots ---- */

/* "windows,linux" */
static bool is_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		at += strspn(at, " ");
		if (!strncasecmp(at, word, n) && (at[n] == 0 || at[n] == ',' || at[n] == ' '))
			return true;
	}
	return false;
}

static bool is_named(const struct app *a, uint32_t id, const char **ret_manifest)
{
	const struct action_download_depot *d = a->want->depots.at;

	for (size_t i = 0; i < a->want->depots.n; i++)
		if (d[i].id == id) {
			*ret_manifest = d[i].manifest;
			return true;
		}
	return false;
}

/* Is it one that this machine would install? */
static bool fits(const struct app *a, const struct vdf *d)
{
	const char *os = vdf_text_at(d, "config/oslist"), *arch = vdf_text_at(d, "config/osarch"),
		   *lang = vdf_text_at(d, "config/language");

	if ((os && *os && !is_in(os, a->os)) || (arch && *arch && !is_in(arch, a->arch)) ||
		(lang && *lang && strcasecmp(lang, a->lang) != 0))
		return false;
	return a->want->all_dlc || ! or (vdf_text_at(d, "dlcappid"), NULL);
}

static const char *manifest_on(const struct vdf *depot, const char *branch)
{
	const struct vdf *one = vdf_get(vdf_get(depot, "manifests"), branch);

	if (!one)
		return NULL;
	return one->kind == VDF_STR ? one->s : vdf_text_at(one, "gid");
}

static bool number_of(const char *text, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;

	for (const char *p = text; *p; p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (*p < '0' || *p > '9' || v > (most - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return *text && v > 0;
}

static enum rc add(struct app *a, const struct content_manifest *m, const char *manifest, bool optional)
{
	struct source_part part = { .m = *m, .prefix = "", .optional = optional };

	if (*a->s->password_hash && strcasecmp(m->branch, DEFAULT_BRANCH) != 0)
		part.m.password_hash = a->s->password_hash;
	if (!number_of(manifest, UINT64_MAX, &part.m.gid))
		return fault_set(a->f, RC_MALFORMED, "\"%.30s\" is no manifest", manifest);
	return source_add_part(a->s, &part, a->f);
}

/* A branch has what differs from the public one. */
static const char *manifest_of(const struct app *a, const struct vdf *depot, const char **ret_branch)
{
	const char *own = manifest_on(depot, a->branch);

	*ret_branch = own ? a->branch : DEFAULT_BRANCH;
	return own ? own : manifest_on(depot, DEFAULT_BRANCH);
}

/* The depot of another app, that has it for all. */
static enum rc add_shared(struct app *a, const char *from, const char *depot, bool optional)
{
	const struct vdf *depots = NULL;
	struct content_manifest m = { 0 };
	uint64_t app, id;

	if (!number_of(from, UINT32_MAX, &app) || !number_of(depot, UINT32_MAX, &id) || app == a->want->app_id)
		return RC_OK;
	enum rc rc = source_ask_depots(a->s, (uint32_t)app, &depots, a->f);
	if (rc != RC_OK)
		return rc;
	m.app = (uint32_t)app;
	m.depot = (uint32_t)id;
	const char *manifest = manifest_of(a, vdf_get(depots, depot), &m.branch);
	return manifest ? add(a, &m, manifest, optional) : RC_OK;
}

static enum rc add_depot(struct app *a, const struct vdf *d)
{
	bool by_name = a->want->depots.n > 0;
	struct content_manifest m = { .app = a->want->app_id };
	const char *named = NULL;
	uint64_t id;

	if (d->kind != VDF_OBJECT || !number_of(d->key, UINT32_MAX, &id))
		return RC_OK;
	m.depot = (uint32_t)id;
	if (by_name ? !is_named(a, m.depot, &named) : !fits(a, d))
		return RC_OK;
	const char *manifest = manifest_of(a, d, &m.branch);
	if (or (named, NULL)) {
		manifest = named;
		m.branch = a->branch;
	}
	const char *from = vdf_text_at(d, "depotfromapp");
	if (manifest)
		return add(a, &m, manifest, !by_name);
	return from ? add_shared(a, from, d->key, !by_name) : RC_OK;
}

static bool has_branch(const struct app *a)
{
	return !strcasecmp(a->branch, DEFAULT_BRANCH) || vdf_get(vdf_get(a->depots, "branches"), a->branch);
}

static enum rc find_depots(struct app *a)
{
	enum rc rc = source_ask_depots(a->s, a->want->app_id, &a->depots, a->f);

	if (rc == RC_OK && !has_branch(a))
		rc = missing(a->s, a->f, "the app has no such branch");
	if (rc == RC_OK && or (a->s->in->branch_password, NULL) && strcasecmp(a->branch, DEFAULT_BRANCH) != 0)
		rc = source_ask_private(a->s, a->branch, &a->depots, a->f);
	for (const struct vdf *d = rc == RC_OK && a->depots ? a->depots->first : NULL; d && rc == RC_OK;
		d = d->next)
		rc = add_depot(a, d);
	return rc;
}

/* Manifests that were named are fetched as they are, without asking what the app has. */
static bool all_named(const struct action_download_source *want)
{
	const struct action_download_depot *d = want->depots.at;

	for (size_t i = 0; i < want->depots.n; i++)
		if (! or (d[i].manifest, NULL))
			return false;
	return want->depots.n > 0;
}

static enum rc add_named(struct app *a)
{
	const struct action_download_depot *d = a->want->depots.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < a->want->depots.n && rc == RC_OK; i++)
		rc = add(a,
			&(struct content_manifest){ .app = a->want->app_id, .depot = d[i].id, .branch = a->branch },
			d[i].manifest, false);
	return rc;
}

enum rc source_app_resolve(struct source_steam *s, struct fault *f)
{
	const struct action_download_source *want = &s->in->source;
	struct app a = { .s = s,
		.want = want,
		.branch = or (want->branch, DEFAULT_BRANCH),
		.os = or (want->os, "linux"),
		.arch = or (want->arch, "64"),
		.lang = or (want->lang, "english"),
		.f = f };

	if (!want->app_id)
		return fault_set(f, RC_INVALID, "source.appId: name the app");
	if (!strcmp(want->kind, "depot") && !want->depots.n)
		return fault_set(f, RC_INVALID, "source.depots: name at least one depot");
	s->line = arena_fmt(&s->arena, "steam app %u %s", want->app_id, a.os);
	if (!s->line)
		return RC_NOMEM;
	bool private = or (s->in->branch_password, NULL) && strcasecmp(a.branch, DEFAULT_BRANCH) != 0;
	enum rc rc = all_named(want) && !private ? add_named(&a) : find_depots(&a);
	if (rc == RC_OK && s->parts_n == 0)
		rc = missing(s, f, "no depot of the app fits");
	if (rc == RC_OK && want->depots.n > s->parts_n)
		rc = missing(s, f, "the app has not all of these depots on this branch");
	return rc;
}
