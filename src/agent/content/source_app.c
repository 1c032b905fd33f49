#include "agent/content/source_steam.h"

#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "base/hush.h"
#include "flow/steam_call.h"
#include "proto/steam/beta.pb-c.h"
#include "wire/steam/eresult.h"
#include "wire/steam/vdf.h"
#include "wire/steam/vdf_text.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
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

/* ---- what Steam says of an app ---- */

static enum rc ask_info(struct source_steam *s, uint32_t id, const struct vdf **ret, struct fault *f)
{
	struct steam_product one = { .kind = PICS_APP, .id = id };
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = s->task->account_id,
		.ask = { .kind = STEAM_CALL_PRODUCTS,
			.products = &one,
			.products_n = 1,
			.gap_ms = sessions_pics_interval_ms(s->task->sessions) },
		.deadline_ms = s->task->deadline_ms,
		.scope = s->task->scope,
		.reads = s->task->reads };
	struct vdf *doc;

	enum rc rc = sessions_do(s->task->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	if (rc != RC_OK)
		return rc;
	const struct steam_product *p = answer->products_n ? &answer->products[0] : &one;
	if (p->state == STEAM_PRODUCT_UNKNOWN)
		return missing(s, f, "Steam knows no such app");
	if (p->state != STEAM_PRODUCT_KNOWN)
		return fault_set(f, RC_AWAY, "Steam left out app %u", id);
	rc = pics_parse(PICS_APP, p->buffer, p->buffer_n, &s->arena, &doc, f);
	if (rc != RC_OK)
		return rc;
	*ret = doc->first ? vdf_get(doc->first, "depots") : NULL;
	if (*ret)
		return RC_OK;
	s->task->code = p->missing_token ? "access_denied" : "not_found";
	return fault_set(f, p->missing_token ? RC_DENIED : RC_MISSING,
		p->missing_token ? "Steam shows the depots of app %u to its owners alone" : "app %u has no depots",
		id);
}

/* ---- a branch with a password ---- */

static unsigned hex_bytes(const char *hex, uint8_t *to, unsigned most)
{
	unsigned n = 0, byte;
	for (; n < most && sscanf(hex + 2 * (size_t)n, "%2x", &byte) == 1; n++)
		to[n] = (uint8_t)byte;
	return n;
}

/* The password opens a branch: its key, which opens its depots. */
static enum rc ask_password(struct app *a, uint8_t ret_key[static STEAM_CONTENT_KEY])
{
	struct action_task *t = a->s->task;
	CMsgClientCheckAppBetaPassword m = CMSG_CLIENT_CHECK_APP_BETA_PASSWORD__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_CHECK_APP_BETA_PASSWORD,
		.in = &m.base,
		.out = &cmsg_client_check_app_beta_password_response__descriptor };

	m.has_app_id = true;
	m.app_id = a->want->app_id;
	m.betapassword = (char *)a->s->in->branch_password;
	enum rc rc = ask_steam(t, &q, a->f);
	if (rc != RC_OK)
		return rc;
	const CMsgClientCheckAppBetaPasswordResponse *got = (const CMsgClientCheckAppBetaPasswordResponse *)q.got;
	for (size_t i = 0; got->eresult == ERESULT_OK && i < got->n_betapasswords; i++)
		if (!strcasecmp(or (got->betapasswords[i]->betaname, ""), a->branch) &&
			hex_bytes(or (got->betapasswords[i]->betapassword, ""), ret_key, STEAM_CONTENT_KEY) ==
				STEAM_CONTENT_KEY)
			return RC_OK;
	t->code = "access_denied";
	t->eresult = got->eresult;
	return fault_set(a->f, RC_DENIED, "the password does not open the branch \"%.64s\"", a->branch);
}

static enum rc ask_private(struct app *a)
{
	struct action_task *t = a->s->task;
	CMsgClientPICSPrivateBetaRequest m = CMSG_CLIENT_PICSPRIVATE_BETA_REQUEST__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_PICS_PRIVATE_BETA_REQUEST,
		.in = &m.base,
		.out = &cmsg_client_picsprivate_beta_response__descriptor };
	uint8_t key[STEAM_CONTENT_KEY], sha[SHA_DIGEST_LENGTH];
	struct vdf *doc;

	enum rc rc = ask_password(a, key);
	if (rc != RC_OK)
		return rc;
	m.has_appid = m.has_password_hash = true;
	m.appid = a->want->app_id;
	m.beta_name = (char *)a->branch;
	m.password_hash = (ProtobufCBinaryData){ sizeof(key), key };
	rc = ask_steam(t, &q, a->f);
	hush_wipe(key, sizeof(key));
	if (rc != RC_OK)
		return rc;
	const CMsgClientPICSPrivateBetaResponse *got = (const CMsgClientPICSPrivateBetaResponse *)q.got;
	if (got->eresult != ERESULT_OK) {
		t->code = "access_denied";
		t->eresult = got->eresult;
		return fault_set(a->f, RC_DENIED, "Steam does not show the branch \"%.64s\"", a->branch);
	}
	rc = vdf_text_parse(got->depot_section.data, got->depot_section.len, &a->s->arena, &doc, NULL, a->f);
	if (rc == RC_OK)
		a->depots = doc->first;
	const char *password = a->s->in->branch_password;
	SHA1((const uint8_t *)password, strlen(password), sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		snprintf(a->s->password_hash + 2 * i, 3, "%02x", sha[i]);
	return rc;
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
	enum rc rc = ask_info(a->s, (uint32_t)app, &depots, a->f);
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
	enum rc rc = ask_info(a->s, a->want->app_id, &a->depots, a->f);

	if (rc == RC_OK && !has_branch(a))
		rc = missing(a->s, a->f, "the app has no such branch");
	if (rc == RC_OK && or (a->s->in->branch_password, NULL) && strcasecmp(a->branch, DEFAULT_BRANCH) != 0)
		rc = ask_private(a);
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
