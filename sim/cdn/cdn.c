#include "sim/cdn/cdn.h"

#include "base/scan.h"
#include "proto/steam/depot.pb-c.h"
#include "sim/cdn/cdn_store.h"
#include "sim/people.h"
#include "wire/steam/pb.h"
#include "wire/steam/vdf_text.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define OK         1
#define NOT_FOUND  9
#define DENIED     15
#define TOKEN_HEX  40
#define TOKEN_WORD "__token__=exp="
#define SERVERS    20

enum rc cdn_sim_new(struct cdn **ret, struct fault *f)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? RC_OK : fault_set(f, RC_NOMEM, "no memory for the content servers");
}

static void depot_free(struct cdn_depot *d)
{
	struct cdn_chunk *c;
	struct map_walk w = map_walk(&d->chunks);

	while ((c = map_next(&w))) {
		map_take(&d->chunks, c->id);
		buf_done(&c->box);
		free(c);
	}
	map_done(&d->chunks);
	free(d);
}

void cdn_sim_free(struct cdn *c)
{
	struct cdn_depot *d;
	struct cdn_manifest *m;

	if (!c)
		return;
	struct map_walk w = map_walk(&c->depots);
	while ((d = map_next(&w))) {
		map_take(&c->depots, d->text);
		depot_free(d);
	}
	w = map_walk(&c->manifests);
	while ((m = map_next(&w))) {
		map_take(&c->manifests, m->text);
		buf_done(&m->zip);
		free(m);
	}
	map_done(&c->depots);
	map_done(&c->manifests);
	for (unsigned i = 0; i < CDN_MADE_KEPT; i++)
		buf_done(&c->made[i].box);
	free(c->room);
	free(c);
}

static struct cdn_depot *depot_of(const struct cdn *c, uint32_t id)
{
	char text[12];
	snprintf(text, sizeof(text), "%u", id);
	return map_get(&c->depots, text);
}

static struct cdn_manifest *manifest_of(const struct cdn *c, uint32_t depot, uint64_t gid)
{
	char text[40];
	snprintf(text, sizeof(text), "%u/%" PRIu64, depot, gid);
	return map_get(&c->manifests, text);
}

static bool may(const struct cdn_depot *d, const struct person *who)
{
	for (unsigned i = 0; i < d->packages_n; i++)
		if (who && people_owns(who, d->packages[i]))
			return true;
	return d->packages_n == 0;
}

static int32_t judge(const struct cdn *c, const struct cdn_ask *ask, const struct cdn_depot **ret)
{
	*ret = depot_of(c, ask->depot);
	if (!*ret || (ask->app && ask->app != (*ret)->app))
		return NOT_FOUND;
	return may(*ret, ask->who) ? OK : DENIED;
}

int32_t cdn_depot_key(const struct cdn *c, const struct cdn_ask *ask, uint8_t ret_key[static CDN_KEY])
{
	const struct cdn_depot *d;
	int32_t eresult = judge(c, ask, &d);

	if (eresult == OK)
		memcpy(ret_key, d->key, CDN_KEY);
	return eresult;
}

/* Half a code is the moment it was given, the other half vouches for it. */
static uint64_t code_of(const struct cdn_depot *d, uint64_t gid, uint32_t moment)
{
	uint8_t said[CDN_KEY + 12], sha[SHA256_DIGEST_LENGTH];
	uint32_t half = 0;

	memcpy(said, d->key, CDN_KEY);
	for (unsigned i = 0; i < 8; i++)
		said[CDN_KEY + i] = (uint8_t)(gid >> 8 * i);
	for (unsigned i = 0; i < 4; i++)
		said[CDN_KEY + 8 + i] = (uint8_t)(moment >> 8 * i);
	SHA256(said, sizeof(said), sha);
	memcpy(&half, sha, sizeof(half));
	return (uint64_t)half << 32 | moment;
}

int32_t cdn_request_code(const struct cdn *c, const struct cdn_ask *ask, uint64_t *ret_code)
{
	const struct cdn_depot *d;
	const char *branch = ask->branch && *ask->branch ? ask->branch : "public";
	int32_t eresult = judge(c, ask, &d);

	if (eresult != OK)
		return eresult;
	const struct cdn_manifest *m = manifest_of(c, ask->depot, ask->manifest);
	*ret_code = m && !strcmp(m->branch, branch) ? code_of(d, m->gid, (uint32_t)ask->now_s) : 0;
	return OK;
}

static void token_mac(const struct cdn_depot *d, uint32_t expires, char ret[static TOKEN_HEX + 1])
{
	uint8_t said[CDN_KEY + 4], sha[SHA_DIGEST_LENGTH];

	memcpy(said, d->key, CDN_KEY);
	for (unsigned i = 0; i < 4; i++)
		said[CDN_KEY + i] = (uint8_t)(expires >> 8 * i);
	SHA1(said, sizeof(said), sha);
	tunnel_auth_hex(sha, sizeof(sha), ret);
}

int32_t cdn_auth_token(const struct cdn *c, const struct cdn_ask *ask, struct buf *ret_token, uint32_t *ret_expires)
{
	const struct cdn_depot *d;
	char mac[TOKEN_HEX + 1];
	int32_t eresult = judge(c, ask, &d);

	if (eresult != OK)
		return eresult;
	*ret_expires = (uint32_t)(ask->now_s + CDN_TOKEN_S);
	token_mac(d, *ret_expires, mac);
	buf_fmt(ret_token, "?" TOKEN_WORD "%u~hmac=%s", *ret_expires, mac);
	return OK;
}

/* ---- HTTP ---- */

static bool has_token(const struct cdn_depot *d, const char *query, int64_t now_s)
{
	char mac[TOKEN_HEX + 1], want[128];
	uint64_t expires;

	if (!d->token)
		return true;
	const char *at = strstr(query, TOKEN_WORD), *end = at;
	if (!at || !scan_u64(&end, TOKEN_WORD, UINT32_MAX, &expires) || (int64_t)expires < now_s)
		return false;
	token_mac(d, (uint32_t)expires, mac);
	int n = snprintf(want, sizeof(want), TOKEN_WORD "%u~hmac=%s", (uint32_t)expires, mac);
	return !strncmp(at, want, (size_t)n);
}

static void say(struct cdn_answer *a, int status, const char *words)
{
	*a = (struct cdn_answer){ .status = status, .type = "text/plain", .body = words, .n = strlen(words) };
}

static void say_bytes(struct cdn_answer *a, const char *type, const struct buf *b)
{
	*a = (struct cdn_answer){ .status = 200, .type = type, .body = b->p, .n = b->n };
}

static void answer_manifest(
	const struct cdn *c, const struct cdn_depot *d, const char *rest, int64_t now_s, struct cdn_answer *a)
{
	uint64_t gid = 0, form = 0, code = 0;

	bool good = scan_u64(&rest, "", UINT64_MAX, &gid) && scan_u64(&rest, "/", UINT32_MAX, &form) && form == 5;
	if (!good || (*rest && !scan_u64(&rest, "/", UINT64_MAX, &code)) || *rest) {
		say(a, 404, "no such manifest\n");
		return;
	}
	const struct cdn_manifest *m = manifest_of(c, d->id, gid);
	int64_t age = now_s - (int64_t)(uint32_t)code;
	if (!m)
		say(a, 404, "no such manifest\n");
	else if (code != code_of(d, gid, (uint32_t)code) || age < 0 || age > CDN_CODE_S)
		say(a, 401, "the manifest request code is not valid\n");
	else
		say_bytes(a, "application/x-steam-manifest", &m->zip);
}

static void answer_chunk(struct cdn *c, const struct cdn_depot *d, const char *id, struct cdn_answer *a)
{
	struct cdn_chunk *chunk = map_get(&d->chunks, id);

	const struct buf *box = chunk ? cdn_box(c, d, chunk) : NULL;

	if (!box) {
		say(a, chunk ? 503 : 404, chunk ? "no memory\n" : "no such chunk\n");
		return;
	}
	say_bytes(a, "application/x-steam-chunk", box);
	a->again = chunk->asked;
	chunk->asked = true;
}

/* NULL when `s` does not begin with it. */
static const char *behind(const char *s, const char *word)
{
	size_t n = strlen(word);
	return strncmp(s, word, n) != 0 ? NULL : s + n;
}

bool cdn_http(struct cdn *c, const char *path, const char *query, int64_t now_s, struct cdn_answer *ret)
{
	uint64_t id = 0;

	if (strncmp(path, "/depot/", 7) != 0)
		return false;
	bool read = scan_u64(&path, "/depot/", UINT32_MAX, &id);
	const char *manifest = read ? behind(path, "/manifest/") : NULL,
		   *chunk = read ? behind(path, "/chunk/") : NULL;
	const struct cdn_depot *d = manifest || chunk ? depot_of(c, (uint32_t)id) : NULL;
	if (!d)
		say(ret, 404, "no such depot\n");
	else if (!has_token(d, query ? query : "", now_s))
		say(ret, 403, "a CDN token is needed\n");
	else if (manifest)
		answer_manifest(c, d, manifest, now_s, ret);
	else
		answer_chunk(c, d, chunk, ret);
	return true;
}

/* ---- the list ---- */

static char *borrow(const char *s) { return (char *)s; }

void cdn_servers(const char *const *hosts, size_t n, uint32_t cell, struct buf *to)
{
	CContentServerDirectoryServerInfo info[SERVERS], *list[SERVERS];
	CContentServerDirectoryGetServersForSteamPipeResponse m =
		CCONTENT_SERVER_DIRECTORY__GET_SERVERS_FOR_STEAM_PIPE__RESPONSE__INIT;

	for (m.n_servers = 0; m.n_servers < n && m.n_servers < SERVERS; m.n_servers++) {
		CContentServerDirectoryServerInfo *s = list[m.n_servers] = &info[m.n_servers];
		ccontent_server_directory__server_info__init(s);
		s->type = borrow("CDN");
		s->has_source_id = s->has_cell_id = s->has_load = s->has_weighted_load =
			s->has_num_entries_in_client_list = true;
		s->source_id = (int32_t)m.n_servers + 1;
		s->cell_id = (int32_t)cell;
		s->load = 10;
		s->weighted_load = 100.0f + (float)m.n_servers;
		s->num_entries_in_client_list = 1;
		s->host = s->vhost = borrow(hosts[m.n_servers]);
		s->https_support = borrow("none");
	}
	m.servers = list;
	pb_pack(to, &m.base);
}

void cdn_servers_vdf(const char *const *hosts, size_t n, uint32_t cell, struct buf *to)
{
	buf_str(to, "\"response\"\n{\n\t\"servers\"\n\t{\n");
	for (size_t i = 0; i < n && i < SERVERS; i++) {
		buf_fmt(to, "\t\t\"%zu\"\n\t\t{\n\t\t\t\"type\"\t\"CDN\"\n\t\t\t\"source_id\"\t\"%zu\"\n", i,
			i + 1);
		buf_fmt(to, "\t\t\t\"cell_id\"\t\"%u\"\n\t\t\t\"load\"\t\"10\"\n\t\t\t\"weighted_load\"\t\"%zu\"\n",
			cell, 100 + i);
		buf_fmt(to,
			"\t\t\t\"num_entries_in_client_list\"\t\"1\"\n\t\t\t\"host\"\t\"%s\"\n\t\t\t\"vhost\"\t\"%"
			"s\"\n",
			hosts[i], hosts[i]);
		buf_str(to, "\t\t\t\"https_support\"\t\"none\"\n\t\t}\n");
	}
	buf_str(to, "\t}\n}\n");
}
