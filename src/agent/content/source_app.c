#include "agent/content/source_steam.h"

#include "model/action_download.h"
#include "wire/steam/vdf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_BRANCH "public"
#define DLC_MAX        500 /* of an app that are looked at */

struct app {
	struct source_steam *s;
	const struct action_download_source *want;
	const char *branch, *os, *arch, *lang;
	const struct vdf *record; /* of the app */
	const struct vdf *depots; /* of it, as the branch has them */
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

/* Of a branch whose password was told, that hides its manifests' numbers. */
static const char *hidden_on(const struct app *a, const struct vdf *depot)
{
	const struct vdf *one = vdf_get(vdf_get(depot, "encryptedmanifests"), a->branch);
	const char *hex = or (vdf_text_at(one, "gid"), vdf_text_at(one, "encrypted_gid_2"));

	return hex && *a->s->password_hash ? source_open_id(a->s, hex) : NULL;
}

/* A branch has what differs from the public one. */
static const char *manifest_of(const struct app *a, const struct vdf *depot, const char **ret_branch)
{
	const char *own = manifest_on(depot, a->branch);

	own = own ? own : hidden_on(a, depot);
	*ret_branch = own ? a->branch : DEFAULT_BRANCH;
	return own ? own : manifest_on(depot, DEFAULT_BRANCH);
}

/* The depot of another app, that has it for all. */
static enum rc add_shared(struct app *a, const char *from, const char *depot, bool optional)
{
	const struct vdf *record = NULL;
	struct content_manifest m = { 0 };
	uint64_t app, id;

	if (!number_of(from, UINT32_MAX, &app) || !number_of(depot, UINT32_MAX, &id) || app == a->want->app_id)
		return RC_OK;
	enum rc rc = source_ask_app(a->s, (uint32_t)app, &record, a->f);
	if (rc != RC_OK)
		return rc;
	m.app = (uint32_t)app;
	m.depot = (uint32_t)id;
	const char *manifest = manifest_of(a, vdf_get(vdf_get(record, "depots"), depot), &m.branch);
	return manifest ? add(a, &m, manifest, optional) : RC_OK;
}

/* A depot in the record of this app: the one that is wanted, or a DLC of it. */
static enum rc add_depot(struct app *a, uint32_t app, const struct vdf *d)
{
	bool by_name = a->want->depots.n > 0;
	struct content_manifest m = { .app = app };
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

/* What a locked branch has is told to those alone who know its password: without one, the public build would come in its name. */
static enum rc enter_branch(struct app *a)
{
	const struct vdf *branch = vdf_get(vdf_get(a->depots, "branches"), a->branch);
	const char *locked = vdf_text_at(branch, "pwdrequired");

	if (!strcasecmp(a->branch, DEFAULT_BRANCH))
		return RC_OK;
	if (!branch)
		return missing(a->s, a->f, "the app has no such branch");
	if (or (a->s->in->branch_password, NULL))
		return source_ask_private(a->s, a->branch, &a->depots, a->f);
	if (!locked || !strcmp(locked, "0"))
		return RC_OK;
	a->s->task->code = "access_denied";
	return fault_set(a->f, RC_DENIED, "the branch \"%.64s\" needs its password: branchPassword", a->branch);
}

/* ---- DLC ---- */

static enum rc take_depots(struct app *a, uint32_t app, const struct vdf *depots)
{
	enum rc rc = RC_OK;

	for (const struct vdf *d = depots ? depots->first : NULL; d && rc == RC_OK; d = d->next)
		rc = add_depot(a, app, d);
	return rc;
}

/* "extended/listofdlc" is "1001,1002". */
static uint32_t dlc_of(const struct app *a, uint32_t ids[static DLC_MAX])
{
	const char *list = or (vdf_text_at(a->record, "extended/listofdlc"), "");
	uint32_t n = 0;

	while (*list && n < DLC_MAX) {
		unsigned long id = strtoul(list, NULL, 10);
		if (id > 0 && id <= UINT32_MAX && id != a->want->app_id)
			ids[n++] = (uint32_t)id;
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return n;
}

/* DLC whose depots stand in records of their own; each is left out when the account has not got it. */
static enum rc add_dlc(struct app *a)
{
	const char *apart = vdf_text_at(a->record, "depots/hasdepotsindlc");
	uint32_t ids[DLC_MAX];
	const struct vdf *records[DLC_MAX] = { 0 };

	if (!a->want->all_dlc || a->want->depots.n || !apart || !strcmp(apart, "0"))
		return RC_OK;
	uint32_t n = dlc_of(a, ids);
	enum rc rc = source_ask_apps(a->s, ids, n, records, a->f);
	for (uint32_t i = 0; i < n && rc == RC_OK; i++)
		rc = records[i] ? take_depots(a, ids[i], vdf_get(records[i], "depots")) : RC_OK;
	return rc;
}

static enum rc find_depots(struct app *a)
{
	enum rc rc = source_ask_app(a->s, a->want->app_id, &a->record, a->f);

	if (rc != RC_OK)
		return rc;
	a->depots = vdf_get(a->record, "depots");
	rc = enter_branch(a);
	if (rc == RC_OK)
		rc = take_depots(a, a->want->app_id, a->depots);
	return rc == RC_OK ? add_dlc(a) : rc;
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
