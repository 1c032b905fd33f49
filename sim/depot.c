/* depot: the methods of ContentServerDirectory, over sim/cdn. */
#include "proto/steam/depot.pb-c.h"
#include "sim/cdn/cdn.h"
#include "sim/library.h"
#include "sim/services.h"
#include "wire/steam/eresult.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int32_t depot_servers(struct service_call *c)
{
	const CContentServerDirectoryGetServersForSteamPipeRequest *m =
		(const CContentServerDirectoryGetServersForSteamPipeRequest *)c->in;
	const char *hosts[SIM_CDN_MAX];

	for (unsigned i = 0; i < c->sim->cdn_hosts_n; i++)
		hosts[i] = c->sim->cdn_hosts[i];
	cdn_servers(hosts, c->sim->cdn_hosts_n, m->cell_id, &c->answer->body);
	return ERESULT_OK;
}

/* A branch with a password is for those who know its SHA-1. */
static bool branch_is_open(struct sim *s, uint32_t app, const char *branch, const char *hash)
{
	const struct beta *b = branch && *branch ? library_beta(s, app, NULL, branch) : NULL;
	uint8_t sha[SHA_DIGEST_LENGTH];
	char hex[2 * SHA_DIGEST_LENGTH + 1];

	if (!b)
		return true;
	SHA1((const unsigned char *)b->password, strlen(b->password), sha);
	for (size_t i = 0; i < SHA_DIGEST_LENGTH; i++)
		snprintf(hex + 2 * i, 3, "%02x", sha[i]);
	return hash && !strcasecmp(hash, hex);
}

int32_t depot_manifest_code(struct service_call *c)
{
	const CContentServerDirectoryGetManifestRequestCodeRequest *m =
		(const CContentServerDirectoryGetManifestRequestCodeRequest *)c->in;
	CContentServerDirectoryGetManifestRequestCodeResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_MANIFEST_REQUEST_CODE__RESPONSE__INIT;
	const struct cdn_ask ask = { .who = c->from->who,
		.app = m->app_id,
		.depot = m->depot_id,
		.manifest = m->manifest_id,
		.branch = m->app_branch,
		.password_hash = m->branch_password_hash,
		.now_s = sim_time(c->sim) };
	int32_t eresult = c->sim->cdn ? ERESULT_OK : ERESULT_FILE_NOT_FOUND;

	if (eresult == ERESULT_OK && branch_is_open(c->sim, m->app_id, m->app_branch, m->branch_password_hash))
		eresult = cdn_request_code(c->sim->cdn, &ask, &out.manifest_request_code);
	out.has_manifest_request_code = 1;
	service_say(c, &out.base);
	return eresult;
}

int32_t depot_cdn_token(struct service_call *c)
{
	const CContentServerDirectoryGetCDNAuthTokenRequest *m =
		(const CContentServerDirectoryGetCDNAuthTokenRequest *)c->in;
	CContentServerDirectoryGetCDNAuthTokenResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_CDNAUTH_TOKEN__RESPONSE__INIT;
	const struct cdn_ask ask = { .who = c->from->who,
		.app = m->app_id,
		.depot = m->depot_id,
		.host = m->host_name,
		.now_s = sim_time(c->sim) };
	struct buf token = { 0 };

	int32_t eresult = ERESULT_FILE_NOT_FOUND;
	if (c->sim->cdn)
		eresult = cdn_auth_token(c->sim->cdn, &ask, &token, &out.expiration_time);
	out.has_expiration_time = 1;
	out.token = (char *)buf_text(&token);
	service_say(c, &out.base);
	buf_done(&token);
	return eresult;
}
