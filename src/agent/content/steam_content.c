#include "agent/content/steam_content.h"

#include "agent/actions/ask.h"
#include "base/hush.h"
#include "base/map.h"
#include "io/clock.h"
#include "io/lock.h"
#include "proto/steam/depot.pb-c.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_N    512
#define TOKEN_EARLY_S 60 /* before its end it is not used any more */
#define TOKEN_S       3600
#define SERVERS_ASKED 20

/* What Steam told, kept by a name: "key ACCOUNT DEPOT", "code ...", "token ...". */
struct kept {
	char name[NAME_MAX_N];
	uint64_t until_ms; /* of clock_mono_ms; UINT64_MAX: for good */
	uint8_t value[STEAM_CONTENT_TOKEN_MAX];
	size_t n;
};

struct steam_content {
	struct lock lock;
	struct map all; /* of struct kept */
	struct cdn_choice_host servers[CDN_CHOICE_SERVERS];
	size_t servers_n;
	uint64_t servers_until_ms;
};

enum rc steam_content_new(struct steam_content **ret, struct fault *f)
{
	struct steam_content *s = calloc(1, sizeof(*s));

	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for what Steam says of depots");
	lock_init(&s->lock);
	*ret = s;
	return RC_OK;
}

static void forget(struct steam_content *s, struct kept *k)
{
	map_take(&s->all, k->name);
	hush_wipe(k, sizeof(*k));
	free(k);
}

void steam_content_free(struct steam_content *s)
{
	struct kept *k;

	if (!s)
		return;
	struct map_walk w = map_walk(&s->all);
	while ((k = map_next(&w)))
		forget(s, k);
	map_done(&s->all);
	lock_done(&s->lock);
	free(s);
}

/* ---- what is kept ---- */

static bool recall(struct steam_content *s, const char *name, void *ret, size_t max)
{
	lock_enter(&s->lock);
	struct kept *k = map_get(&s->all, name);
	bool good = k && k->until_ms > clock_mono_ms() && k->n <= max;
	if (good)
		memcpy(ret, k->value, k->n);
	lock_leave(&s->lock);
	return good;
}

/* What has ended, or all when nothing has. */
static void make_room(struct steam_content *s)
{
	uint64_t now_ms = clock_mono_ms();
	struct kept *k;

	if (map_count(&s->all) < STEAM_CONTENT_KEPT)
		return;
	struct map_walk w = map_walk(&s->all);
	while ((k = map_next(&w)))
		if (k->until_ms <= now_ms)
			forget(s, k);
	w = map_walk(&s->all);
	while (map_count(&s->all) >= STEAM_CONTENT_KEPT && (k = map_next(&w)))
		forget(s, k);
}

/* Without memory it is asked for again. */
static void keep(struct steam_content *s, const char *name, const void *p, size_t n, uint64_t until_ms)
{
	lock_enter(&s->lock);
	make_room(s);
	struct kept *k = map_get(&s->all, name);
	if (!k && (k = calloc(1, sizeof(*k)))) {
		snprintf(k->name, sizeof(k->name), "%s", name);
		if (map_put(&s->all, k->name, k) != RC_OK) {
			free(k);
			k = NULL;
		}
	}
	if (k && n <= sizeof(k->value)) {
		memcpy(k->value, p, n);
		k->n = n;
		k->until_ms = until_ms;
	}
	lock_leave(&s->lock);
}

static const char *account_of(const char *id) { return id ? id : "-"; }

static bool name_it(char to[static NAME_MAX_N], const char *kind, const char *account, const char *what)
{
	int n = snprintf(to, NAME_MAX_N, "%s %s %s", kind, account_of(account), what);
	return n > 0 && n < NAME_MAX_N;
}

/* ---- what Steam refuses ---- */

static enum rc refused(struct action_task *t, int32_t eresult, const char *what, uint32_t depot, struct fault *f)
{
	t->eresult = eresult;
	switch (eresult) {
	case ERESULT_FILE_NOT_FOUND:
		t->code = "not_found";
		return fault_set(f, RC_MISSING, "Steam knows no %s of depot %u", what, depot);
	case ERESULT_RATE_LIMIT_EXCEEDED:
	case ERESULT_LIMIT_EXCEEDED:
	case ERESULT_BUSY:
		t->code = "rate_limited";
		return fault_set(f, RC_LIMIT, "Steam gives no %s now: it was asked too often", what);
	case ERESULT_BLOCKED:
	case ERESULT_ACCESS_DENIED:
		t->code = "no_license";
		return fault_set(f, RC_DENIED,
			"Steam gives this account no %s of depot %u: it does not own it (EResult %d)", what, depot,
			eresult);
	default:
		t->code = "access_denied";
		return fault_set(f, RC_REFUSED, "Steam gives no %s of depot %u (EResult %d)", what, depot, eresult);
	}
}

/* A failure that is Steam's "no" gets its code; one of the connection stays as it is. */
static enum rc ask(struct action_task *t, struct ask *q, const char *what, uint32_t depot, struct fault *f)
{
	t->eresult = 0;
	enum rc rc = ask_steam(t, q, f);
	return rc == RC_REFUSED && t->eresult != 0 ? refused(t, t->eresult, what, depot, f) : rc;
}

/* ---- keys ---- */

static enum rc key_asked(struct action_task *t, uint32_t depot, uint32_t app, uint8_t *ret_key, struct fault *f)
{
	CMsgClientGetDepotDecryptionKey in = CMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY,
		.in = &in.base,
		.out = &cmsg_client_get_depot_decryption_key_response__descriptor };

	in.has_depot_id = in.has_app_id = 1;
	in.depot_id = depot;
	in.app_id = app;
	enum rc rc = ask(t, &q, "key", depot, f);
	if (rc != RC_OK)
		return rc;
	const CMsgClientGetDepotDecryptionKeyResponse *m = (void *)q.got;
	if (m->eresult != ERESULT_OK)
		return refused(t, m->eresult, "key", depot, f);
	if (m->depot_encryption_key.len != STEAM_CONTENT_KEY)
		return fault_set(f, RC_MALFORMED, "Steam's key of depot %u has %zu bytes", depot,
			m->depot_encryption_key.len);
	memcpy(ret_key, m->depot_encryption_key.data, STEAM_CONTENT_KEY);
	hush_wipe(m->depot_encryption_key.data, STEAM_CONTENT_KEY);
	return RC_OK;
}

enum rc content_key(struct action_task *t, uint32_t depot, uint32_t app, uint8_t ret_key[static STEAM_CONTENT_KEY],
	struct fault *f)
{
	uint8_t key[STEAM_CONTENT_KEY];
	char name[NAME_MAX_N], what[32];

	snprintf(what, sizeof(what), "%u %u", depot, app);
	if (!name_it(name, "key", t->account_id, what))
		return RC_INVALID;
	if (recall(t->content, name, ret_key, STEAM_CONTENT_KEY))
		return RC_OK;
	enum rc rc = key_asked(t, depot, app, key, f);
	if (rc == RC_OK) {
		keep(t->content, name, key, sizeof(key), UINT64_MAX);
		memcpy(ret_key, key, sizeof(key));
	}
	hush_wipe(key, sizeof(key));
	return rc;
}

/* ---- request codes ---- */

static enum rc code_asked(
	struct action_task *t, const struct content_manifest *m, const char *branch, uint64_t *ret, struct fault *f)
{
	CContentServerDirectoryGetManifestRequestCodeRequest in =
		CCONTENT_SERVER_DIRECTORY__GET_MANIFEST_REQUEST_CODE__REQUEST__INIT;
	struct ask q = { .method = "ContentServerDirectory.GetManifestRequestCode#1",
		.in = &in.base,
		.out = &ccontent_server_directory__get_manifest_request_code__response__descriptor };

	in.has_app_id = in.has_depot_id = in.has_manifest_id = 1;
	in.app_id = m->app;
	in.depot_id = m->depot;
	in.manifest_id = m->gid;
	in.app_branch = (char *)branch;
	in.branch_password_hash = (char *)m->password_hash;
	enum rc rc = ask(t, &q, "manifest", m->depot, f);
	if (rc != RC_OK)
		return rc;
	*ret = ((const CContentServerDirectoryGetManifestRequestCodeResponse *)(void *)q.got)
		       ->manifest_request_code;
	if (*ret)
		return RC_OK;
	t->code = "access_denied";
	return fault_set(f, RC_DENIED,
		"Steam gives no code for manifest %" PRIu64
		" of depot %u: it is not in branch %.40s, or not for this account",
		m->gid, m->depot, branch);
}

enum rc content_code(
	struct action_task *t, const struct content_manifest *m, bool fresh, uint64_t *ret_code, struct fault *f)
{
	const char *branch = m->branch && *m->branch ? m->branch : "public";
	char name[NAME_MAX_N], what[256];
	uint64_t code = 0;

	int n = snprintf(what, sizeof(what), "%u %u %" PRIu64 " %s", m->app, m->depot, m->gid, branch);
	if (n >= (int)sizeof(what) || !name_it(name, "code", t->account_id, what))
		return fault_set(f, RC_INVALID, "the name of the branch is too long");
	if (!fresh && recall(t->content, name, ret_code, sizeof(*ret_code)))
		return RC_OK;
	enum rc rc = code_asked(t, m, branch, &code, f);
	if (rc != RC_OK)
		return rc;
	keep(t->content, name, &code, sizeof(code), clock_mono_ms() + STEAM_CONTENT_CODE_MS);
	*ret_code = code;
	return RC_OK;
}

/* ---- tokens ---- */

static bool token_name(char to[static NAME_MAX_N], const char *account, const struct content_token_ask *a)
{
	char what[CDN_CHOICE_HOST + 32];

	snprintf(what, sizeof(what), "%u %u %s", a->app, a->depot, a->host);
	return name_it(to, "token", account, what);
}

/* It becomes a part of a URL. */
static bool is_query(const char *s)
{
	for (const char *c = s + 1; *c; c++)
		if (*c <= ' ' || *c >= 0x7F || *c == '#')
			return false;
	return *s == '?';
}

bool content_token_kept(struct steam_content *s, const char *account, const struct content_token_ask *a,
	char ret[static STEAM_CONTENT_TOKEN_MAX])
{
	char name[NAME_MAX_N];
	return token_name(name, account, a) && recall(s, name, ret, STEAM_CONTENT_TOKEN_MAX);
}

enum rc content_token(struct action_task *t, const struct content_token_ask *a,
	char ret[static STEAM_CONTENT_TOKEN_MAX], struct fault *f)
{
	CContentServerDirectoryGetCDNAuthTokenRequest in =
		CCONTENT_SERVER_DIRECTORY__GET_CDNAUTH_TOKEN__REQUEST__INIT;
	struct ask q = { .method = "ContentServerDirectory.GetCDNAuthToken#1",
		.in = &in.base,
		.out = &ccontent_server_directory__get_cdnauth_token__response__descriptor };
	char name[NAME_MAX_N];

	in.has_app_id = in.has_depot_id = 1;
	in.app_id = a->app;
	in.depot_id = a->depot;
	in.host_name = (char *)a->host;
	enum rc rc = ask(t, &q, "token", a->depot, f);
	if (rc != RC_OK)
		return rc;
	const CContentServerDirectoryGetCDNAuthTokenResponse *m = (void *)q.got;
	size_t n = m->token ? strlen(m->token) : 0;
	if (n == 0 || n >= STEAM_CONTENT_TOKEN_MAX || !is_query(m->token))
		return fault_set(f, RC_MALFORMED, "Steam's token for depot %u cannot be used", a->depot);
	int64_t left_s = (int64_t)m->expiration_time - clock_wall_ms() / 1000 - TOKEN_EARLY_S;
	uint64_t keep_s = left_s > 0 && left_s < TOKEN_S ? (uint64_t)left_s : TOKEN_S;
	if (token_name(name, t->account_id, a))
		keep(t->content, name, m->token, n + 1, clock_mono_ms() + keep_s * 1000);
	memcpy(ret, m->token, n + 1);
	return RC_OK;
}

/* ---- servers ---- */

/* It becomes a part of a URL and of a header. */
static bool is_host(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	return n > 0 && n < CDN_CHOICE_HOST &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == n;
}

static bool host_of(const CContentServerDirectoryServerInfo *s, struct cdn_choice_host *ret)
{
	const char *https = s->https_support ? s->https_support : "none";
	const char *vhost = s->vhost && *s->vhost ? s->vhost : s->host;

	/* A proxy wants another form of request; a server of another country's Steam serves nobody else. */
	if (!is_host(s->host) || !is_host(vhost) || s->use_as_proxy || s->steam_china_only)
		return false;
	*ret = (struct cdn_choice_host){ .https = !strcmp(https, "mandatory") };
	snprintf(ret->host, sizeof(ret->host), "%s", s->host);
	snprintf(ret->vhost, sizeof(ret->vhost), "%s", vhost);
	for (size_t i = 0; i < s->n_allowed_app_ids && i < CDN_CHOICE_APPS; i++)
		ret->apps[ret->apps_n++] = s->allowed_app_ids[i];
	return true;
}

static enum rc servers_asked(
	struct action_task *t, struct cdn_choice_host *to, size_t max, size_t *ret_n, struct fault *f)
{
	CContentServerDirectoryGetServersForSteamPipeRequest in =
		CCONTENT_SERVER_DIRECTORY__GET_SERVERS_FOR_STEAM_PIPE__REQUEST__INIT;
	struct ask q = { .method = "ContentServerDirectory.GetServersForSteamPipe#1",
		.in = &in.base,
		.out = &ccontent_server_directory__get_servers_for_steam_pipe__response__descriptor };
	size_t n = 0;

	in.has_max_servers = 1;
	in.max_servers = SERVERS_ASKED;
	enum rc rc = ask(t, &q, "server", 0, f);
	if (rc != RC_OK)
		return rc;
	const CContentServerDirectoryGetServersForSteamPipeResponse *m = (void *)q.got;
	for (size_t i = 0; i < m->n_servers && n < max; i++)
		n += host_of(m->servers[i], &to[n]);
	if (n == 0) {
		t->code = "cdn_unavailable";
		return fault_set(f, RC_AWAY, "Steam names no content server that can be asked");
	}
	*ret_n = n;
	return RC_OK;
}

enum rc content_servers(
	struct action_task *t, struct cdn_choice_host *ret, size_t max, size_t *ret_n, struct fault *f)
{
	struct steam_content *s = t->content;
	struct cdn_choice_host *got = arena_take(t->arena, CDN_CHOICE_SERVERS * sizeof(*got));
	size_t n = 0;

	if (!got)
		return RC_NOMEM;
	lock_enter(&s->lock);
	bool known = s->servers_until_ms > clock_mono_ms();
	if (known)
		memcpy(got, s->servers, (n = s->servers_n) * sizeof(*got));
	lock_leave(&s->lock);
	enum rc rc = known ? RC_OK : servers_asked(t, got, CDN_CHOICE_SERVERS, &n, f);
	if (rc != RC_OK)
		return rc;
	lock_enter(&s->lock);
	if (!known) {
		memcpy(s->servers, got, n * sizeof(*got));
		s->servers_n = n;
		s->servers_until_ms = clock_mono_ms() + STEAM_CONTENT_SERVERS_MS;
	}
	lock_leave(&s->lock);
	*ret_n = n < max ? n : max;
	memcpy(ret, got, *ret_n * sizeof(*got));
	return RC_OK;
}
