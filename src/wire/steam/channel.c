#include "wire/steam/channel.h"

#include "base/hush.h"
#include "wire/steam/aes.h"
#include "wire/steam/rsa.h"

#include <libdeflate.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define MAGIC    "VT01"
#define UNIVERSE 1
#define IV_MAC   (AES_IV - CHANNEL_SALT) /* bytes of the IV that vouch for the payload */

static const char valve_key[] = "-----BEGIN PUBLIC KEY-----\n"
				"MIGdMA0GCSqGSIb3DQEBAQUAA4GLADCBhwKBgQDf7BrWLBBmLBc1OhSwfFkRf53T\n"
				"2Ct64+AVzRkeRuh7h3SiGEYxqQMUeYKO6UWiSRKpI2hzic9pobFhRr3Bvr/WARvY\n"
				"gdTckPv+T1JzZsuVcNfFjrocejN1oWI0Rrtgt4Bo+hOneoo3S57G9F1fOpn5nsQ6\n"
				"6WOiu4gZKODnFMBCiQIBEQ==\n"
				"-----END PUBLIC KEY-----\n";

const char *channel_valve_key(void) { return valve_key; }

enum rc channel_next(struct rd *in, const uint8_t **ret_p, size_t *ret_n, struct fault *f)
{
	struct rd r = *in;
	uint32_t n = rd_le32(&r);
	const uint8_t *magic = rd_bytes(&r, 4);

	if (r.bad)
		return RC_MORE;
	if (memcmp(magic, MAGIC, 4) != 0)
		return fault_set(f, RC_MALFORMED, "TCP frame: it has no %s; this is not Steam's transport", MAGIC);
	if (n > CHANNEL_FRAME_MAX)
		return fault_set(f, RC_TOO_LARGE, "TCP frame: %u bytes, at most %u are read", n, CHANNEL_FRAME_MAX);
	const uint8_t *p = rd_bytes(&r, n);
	if (r.bad)
		return RC_MORE;
	*in = r;
	*ret_p = p;
	*ret_n = n;
	return RC_OK;
}

void channel_put(struct buf *to, const void *p, size_t n)
{
	buf_le32(to, (uint32_t)n);
	buf_put(to, MAGIC, 4);
	buf_put(to, p, n);
}

void channel_request_write(struct buf *to, const uint8_t *challenge)
{
	buf_le32(to, CHANNEL_PROTOCOL);
	buf_le32(to, UNIVERSE);
	buf_put(to, challenge, CHANNEL_CHALLENGE);
}

enum rc channel_request_read(
	const void *body, size_t n, uint8_t ret_challenge[static CHANNEL_CHALLENGE], struct fault *f)
{
	struct rd r = rd_over(body, n);
	uint32_t protocol = rd_le32(&r), universe = rd_le32(&r);
	const uint8_t *challenge = rd_bytes(&r, CHANNEL_CHALLENGE);

	if (r.bad)
		return fault_set(f, RC_INVALID, "encryption request: %zu bytes hold no challenge", n);
	if (protocol != CHANNEL_PROTOCOL || universe != UNIVERSE)
		return fault_set(f, RC_INVALID,
			"encryption request: protocol %u of universe %u; %d and %d are spoken", protocol, universe,
			CHANNEL_PROTOCOL, UNIVERSE);
	memcpy(ret_challenge, challenge, CHANNEL_CHALLENGE);
	return RC_OK;
}

enum rc channel_response_write(struct buf *to, const struct channel_offer *offer, struct fault *f)
{
	uint8_t secret[CHANNEL_KEY + CHANNEL_CHALLENGE];
	struct buf blob = { 0 };
	struct rsa key;

	enum rc rc = rsa_of_public_key(offer->public_key, strlen(offer->public_key), CHANNEL_KEY_BITS, &key, f);
	if (rc != RC_OK)
		return rc;
	memcpy(secret, offer->key, CHANNEL_KEY);
	memcpy(secret + CHANNEL_KEY, offer->challenge, CHANNEL_CHALLENGE);
	rc = rsa_encrypt_oaep(&key, offer->seed, secret, sizeof(secret), &blob, f);
	hush_wipe(secret, sizeof(secret));
	if (rc == RC_OK) {
		buf_le32(to, CHANNEL_PROTOCOL);
		buf_le32(to, (uint32_t)blob.n);
		buf_put(to, blob.p, blob.n);
		buf_le32(to, libdeflate_crc32(0, blob.p, blob.n));
		buf_le32(to, 0);
	}
	buf_done(&blob);
	return rc == RC_OK && to->bad ? fault_set(f, RC_NOMEM, "no memory for the channel's key") : rc;
}

static enum rc unwrap(const struct buf *secret, const uint8_t *challenge, uint8_t *ret_key, struct fault *f)
{
	if (secret->bad)
		return fault_set(f, RC_NOMEM, "no memory for the channel's key");
	if (secret->n != CHANNEL_KEY + CHANNEL_CHALLENGE ||
		CRYPTO_memcmp(secret->p + CHANNEL_KEY, challenge, CHANNEL_CHALLENGE) != 0)
		return fault_set(f, RC_DENIED, "encryption response: it answers another challenge");
	memcpy(ret_key, secret->p, CHANNEL_KEY);
	return RC_OK;
}

enum rc channel_response_read(const void *body, size_t n, const char *private_key, const uint8_t *challenge,
	uint8_t ret_key[static CHANNEL_KEY], struct fault *f)
{
	struct rd r = rd_over(body, n);
	uint32_t protocol = rd_le32(&r), blob_n = rd_le32(&r);
	const uint8_t *blob = rd_bytes(&r, blob_n);
	uint32_t crc = rd_le32(&r);
	struct buf secret = { 0 };

	rd_le32(&r);
	if (r.bad || rd_left(&r) > 0 || protocol != CHANNEL_PROTOCOL || blob_n > RSA_BYTES_MAX)
		return fault_set(f, RC_MALFORMED, "encryption response: %zu bytes of protocol %u", n, protocol);
	if (crc != libdeflate_crc32(0, blob, blob_n))
		return fault_set(f, RC_MALFORMED, "encryption response: its checksum does not hold");
	enum rc rc = rsa_decrypt_oaep(private_key, blob, blob_n, &secret, f);
	if (rc == RC_OK)
		rc = unwrap(&secret, challenge, ret_key, f);
	hush_wipe(secret.p, secret.room);
	buf_done(&secret);
	return rc;
}

void channel_result_write(struct buf *to, int32_t eresult) { buf_le32(to, (uint32_t)eresult); }

enum rc channel_result_read(const void *body, size_t n, int32_t *ret_eresult, struct fault *f)
{
	struct rd r = rd_over(body, n);
	uint32_t v = rd_le32(&r);

	if (r.bad)
		return fault_set(f, RC_MALFORMED, "encryption result: %zu bytes", n);
	*ret_eresult = (int32_t)v;
	return RC_OK;
}

/* The IV that vouches for a payload: 13 bytes of its HMAC, and the salt. */
static enum rc iv_of(const uint8_t *key, const uint8_t *salt, const void *p, size_t n, uint8_t *ret_iv)
{
	struct buf said = { 0 };
	uint8_t mac[EVP_MAX_MD_SIZE];

	buf_put(&said, salt, CHANNEL_SALT);
	buf_put(&said, p, n);
	bool made = !said.bad && HMAC(EVP_sha1(), key, CHANNEL_KEY / 2, said.p, said.n, mac, NULL);
	hush_wipe(said.p, said.n);
	buf_done(&said);
	if (!made)
		return RC_NOMEM;
	memcpy(ret_iv, mac, IV_MAC);
	memcpy(ret_iv + IV_MAC, salt, CHANNEL_SALT);
	return RC_OK;
}

enum rc channel_encrypt(const uint8_t *key, const uint8_t *salt, const void *p, size_t n, struct buf *to)
{
	uint8_t iv[AES_IV];
	enum rc rc = iv_of(key, salt, p, n, iv);
	return rc == RC_OK ? aes_seal(key, iv, p, n, to) : rc;
}

enum rc channel_decrypt(const uint8_t *key, const void *p, size_t n, struct buf *to, struct fault *f)
{
	uint8_t iv[AES_IV], want[AES_IV];
	size_t before = to->n;

	enum rc rc = aes_open(key, p, n, iv, to);
	if (rc == RC_OK)
		rc = iv_of(key, iv + IV_MAC, to->p + before, to->n - before, want);
	if (rc == RC_OK && CRYPTO_memcmp(iv, want, sizeof(iv)) != 0)
		rc = RC_DENIED;
	if (rc == RC_OK)
		return RC_OK;
	to->n = before;
	return fault_set(f, rc, "TCP payload: %zu bytes do not decrypt", n);
}
