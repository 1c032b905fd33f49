#include "proto/steam/beta.pb-c.h"
#include "proto/steam/depot.pb-c.h"
#include "proto/steam/workshop.pb-c.h"
#include "sim/cdn/cdn.h"
#include "sim/cm/cm_conn.h"
#include "sim/library.h"
#include "sim/workshop.h"
#include "wire/steam/eresult.h"
#include "wire/steam/vdf_text.h"

#include <stdio.h>
#include <string.h>

/* ---- a branch with a password ---- */

void cm_beta_password(struct cm_ask *q)
{
	const CMsgClientCheckAppBetaPassword *m = (const CMsgClientCheckAppBetaPassword *)q->in;
	CMsgClientCheckAppBetaPasswordResponse out = CMSG_CLIENT_CHECK_APP_BETA_PASSWORD_RESPONSE__INIT;
	CMsgClientCheckAppBetaPasswordResponse__BetaPassword one =
		CMSG_CLIENT_CHECK_APP_BETA_PASSWORD_RESPONSE__BETA_PASSWORD__INIT;
	CMsgClientCheckAppBetaPasswordResponse__BetaPassword *all = &one;
	const struct beta *b = library_beta(q->c->sim, m->app_id, m->betapassword ? m->betapassword : "", NULL);
	char hex[2 * LIBRARY_BETA_KEY + 1];

	out.has_eresult = 1;
	out.eresult = b ? ERESULT_OK : ERESULT_FAIL;
	if (b) {
		for (size_t i = 0; i < LIBRARY_BETA_KEY; i++)
			snprintf(hex + 2 * i, 3, "%02x", b->key[i]);
		one.betaname = (char *)b->branch;
		one.betapassword = hex;
		out.n_betapasswords = 1;
		out.betapasswords = &all;
	}
	cm_answer(q, &out.base);
}

/* The app's own depots, as text. */
static void own_depots(struct cm_ask *q, uint32_t app, struct buf *to)
{
	struct product *p = world_find(&q->c->sim->world, PICS_APP, app);
	struct vdf *doc, root = { .key = "" };

	if (!p || world_ready(p, NULL) != RC_OK ||
		pics_parse(p->kind, p->buffer.p, p->buffer.n, q->arena, &doc, NULL) != RC_OK)
		return;
	const struct vdf *depots = vdf_at(doc, "appinfo/depots");
	if (!depots)
		return;
	struct vdf copy = *depots;
	copy.next = NULL;
	root.first = root.last = &copy;
	root.children = 1;
	vdf_text_write(to, &root, VDF_TEXT_PICS);
}

void cm_private_beta(struct cm_ask *q)
{
	const CMsgClientPICSPrivateBetaRequest *m = (const CMsgClientPICSPrivateBetaRequest *)q->in;
	CMsgClientPICSPrivateBetaResponse out = CMSG_CLIENT_PICSPRIVATE_BETA_RESPONSE__INIT;
	const struct beta *b = library_beta(q->c->sim, m->appid, NULL, m->beta_name ? m->beta_name : "");
	bool good = b && m->password_hash.len == LIBRARY_BETA_KEY &&
		    !memcmp(m->password_hash.data, b->key, LIBRARY_BETA_KEY);
	struct buf own = { 0 };

	out.has_eresult = 1;
	out.eresult = good ? ERESULT_OK : b ? ERESULT_INVALID_PASSWORD : ERESULT_FAIL;
	if (good && b->depots.n == 0)
		own_depots(q, m->appid, &own);
	if (good) {
		const struct buf *from = b->depots.n ? &b->depots : &own;
		out.has_depot_section = 1;
		out.depot_section = (ProtobufCBinaryData){ from->n, from->p };
	}
	cm_answer(q, &out.base);
	buf_done(&own);
}

/* ---- files of the Workshop ---- */

void cm_ugc(struct cm_ask *q)
{
	const CMsgClientUFSGetUGCDetails *m = (const CMsgClientUFSGetUGCDetails *)q->in;
	CMsgClientUFSGetUGCDetailsResponse out = CMSG_CLIENT_UFSGET_UGCDETAILS_RESPONSE__INIT;
	const PublishedFileDetails *d = workshop_by_handle(q->c->sim, m->hcontent);

	out.has_eresult = 1;
	out.eresult = d ? ERESULT_OK : ERESULT_FILE_NOT_FOUND;
	if (d) {
		out.url = d->file_url;
		out.filename = d->filename;
		out.has_app_id = out.has_steamid_creator = out.has_file_size = 1;
		out.app_id = d->consumer_appid;
		out.steamid_creator = d->creator;
		out.file_size = (uint32_t)d->file_size;
	}
	cm_answer(q, &out.base);
}

/* ---- depots ---- */

void cm_depot_key(struct cm_ask *q)
{
	const CMsgClientGetDepotDecryptionKey *m = (const CMsgClientGetDepotDecryptionKey *)q->in;
	CMsgClientGetDepotDecryptionKeyResponse out = CMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY_RESPONSE__INIT;
	const struct cdn_ask ask = {
		.who = q->c->who, .app = m->app_id, .depot = m->depot_id, .now_s = sim_time(q->c->sim)
	};
	uint8_t key[CDN_KEY];

	out.has_eresult = out.has_depot_id = 1;
	out.depot_id = m->depot_id;
	out.eresult = q->c->sim->cdn ? cdn_depot_key(q->c->sim->cdn, &ask, key) : ERESULT_FILE_NOT_FOUND;
	if (out.eresult == ERESULT_OK) {
		out.has_depot_encryption_key = 1;
		out.depot_encryption_key = (ProtobufCBinaryData){ sizeof(key), key };
	}
	cm_answer(q, &out.base);
}

void cm_cdn_token(struct cm_ask *q)
{
	const CMsgClientGetCDNAuthToken *m = (const CMsgClientGetCDNAuthToken *)q->in;
	CMsgClientGetCDNAuthTokenResponse out = CMSG_CLIENT_GET_CDNAUTH_TOKEN_RESPONSE__INIT;
	const struct cdn_ask ask = { .who = q->c->who,
		.app = m->app_id,
		.depot = m->depot_id,
		.host = m->host_name,
		.now_s = sim_time(q->c->sim) };
	struct buf token = { 0 };

	out.has_eresult = out.has_expiration_time = 1;
	out.eresult = q->c->sim->cdn ? (uint32_t)cdn_auth_token(q->c->sim->cdn, &ask, &token, &out.expiration_time)
				     : ERESULT_FILE_NOT_FOUND;
	out.token = (char *)buf_text(&token);
	cm_answer(q, &out.base);
	buf_done(&token);
}
