/* What Steam says of a branch with a password. */
#include "agent/actions/ask.h"
#include "agent/content/source_steam.h"
#include "model/action_download.h"
#include "proto/steam/beta.pb-c.h"
#include "wire/steam/eresult.h"
#include "wire/steam/vdf.h"
#include "wire/steam/vdf_text.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_BOX 16 /* bytes of a hidden id */

static const char * or (const char *s, const char *other) { return s && *s ? s : other; }

static unsigned hex_bytes(const char *hex, uint8_t *to, unsigned most)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	unsigned n = 0;

	for (; n < most && strspn(hex, digits) >= 2; n++, hex += 2) {
		const char byte[3] = { hex[0], hex[1], 0 };
		to[n] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

/* The password opens a branch: its key, which opens its depots. */
static enum rc ask_password(
	struct source_steam *s, const char *branch, uint8_t ret_key[static STEAM_CONTENT_KEY], struct fault *f)
{
	struct action_task *t = s->task;
	CMsgClientCheckAppBetaPassword m = CMSG_CLIENT_CHECK_APP_BETA_PASSWORD__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_CHECK_APP_BETA_PASSWORD,
		.in = &m.base,
		.out = &cmsg_client_check_app_beta_password_response__descriptor };

	m.has_app_id = true;
	m.app_id = s->in->source.app_id;
	m.betapassword = (char *)s->in->branch_password;
	enum rc rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	const CMsgClientCheckAppBetaPasswordResponse *got = (const CMsgClientCheckAppBetaPasswordResponse *)q.got;
	for (size_t i = 0; got->eresult == ERESULT_OK && i < got->n_betapasswords; i++)
		if (!strcasecmp(or (got->betapasswords[i]->betaname, ""), branch) &&
			hex_bytes(or (got->betapasswords[i]->betapassword, ""), ret_key, STEAM_CONTENT_KEY) ==
				STEAM_CONTENT_KEY)
			return RC_OK;
	t->code = "access_denied";
	t->eresult = got->eresult;
	return fault_set(f, RC_DENIED, "the password does not open the branch \"%.64s\"", branch);
}

enum rc source_ask_private(struct source_steam *s, const char *branch, const struct vdf **ret, struct fault *f)
{
	struct action_task *t = s->task;
	CMsgClientPICSPrivateBetaRequest m = CMSG_CLIENT_PICSPRIVATE_BETA_REQUEST__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_PICS_PRIVATE_BETA_REQUEST,
		.in = &m.base,
		.out = &cmsg_client_picsprivate_beta_response__descriptor };
	uint8_t *key = s->branch_key, sha[SHA_DIGEST_LENGTH];
	struct vdf *doc;

	enum rc rc = ask_password(s, branch, key, f);
	if (rc != RC_OK)
		return rc;
	m.has_appid = m.has_password_hash = true;
	m.appid = s->in->source.app_id;
	m.beta_name = (char *)branch;
	m.password_hash = (ProtobufCBinaryData){ STEAM_CONTENT_KEY, key };
	rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	const CMsgClientPICSPrivateBetaResponse *got = (const CMsgClientPICSPrivateBetaResponse *)q.got;
	if (got->eresult != ERESULT_OK) {
		t->code = "access_denied";
		t->eresult = got->eresult;
		return fault_set(f, RC_DENIED, "Steam does not show the branch \"%.64s\"", branch);
	}
	rc = vdf_text_parse(got->depot_section.data, got->depot_section.len, &s->arena, &doc, NULL, f);
	if (rc == RC_OK)
		*ret = doc->first;
	const char *password = s->in->branch_password;
	SHA1((const uint8_t *)password, strlen(password), sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		snprintf(s->password_hash + 2 * i, 3, "%02x", sha[i]);
	return rc;
}

/* AES-256-ECB, padded: eight bytes of the number, the least first (steam-protocol facts 3). */
const char *source_open_id(struct source_steam *s, const char *hex)
{
	uint8_t box[ID_BOX], plain[2 * ID_BOX];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint64_t id = 0;
	int n = 0, rest = 0;

	bool good = strlen(hex) == (size_t)2 * ID_BOX && hex_bytes(hex, box, ID_BOX) == ID_BOX && c &&
		    EVP_DecryptInit_ex(c, EVP_aes_256_ecb(), NULL, s->branch_key, NULL) == 1 &&
		    EVP_DecryptUpdate(c, plain, &n, box, ID_BOX) == 1 &&
		    EVP_DecryptFinal_ex(c, plain + n, &rest) == 1 && n + rest == 8;
	EVP_CIPHER_CTX_free(c);
	for (unsigned i = 0; good && i < 8; i++)
		id |= (uint64_t)plain[i] << 8 * i;
	return good ? arena_fmt(&s->arena, "%" PRIu64, id) : "";
}
