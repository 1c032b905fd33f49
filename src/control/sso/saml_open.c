#include "control/sso/saml_open.h"
#include "base/hush.h"
#include "control/sso/saml_xml.h"
#include "wire/base64.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#define XENC11  "http://www.w3.org/2009/xmlenc11#"
#define KEY_MAX 32 /* bytes of an AES key */
#define GCM_IV  12
#define GCM_TAG 16
#define CBC_IV  16

/* --- the algorithms */

static const struct cipher {
	const char *uri;
	const EVP_CIPHER *(*cipher)(void);
	size_t key_n;
	bool cbc;
} ciphers[] = {
	{ XENC11 "aes128-gcm", EVP_aes_128_gcm, 16, false },
	{ XENC11 "aes192-gcm", EVP_aes_192_gcm, 24, false },
	{ XENC11 "aes256-gcm", EVP_aes_256_gcm, 32, false },
	{ SAML_NS_XENC "aes128-cbc", EVP_aes_128_cbc, 16, true },
	{ SAML_NS_XENC "aes192-cbc", EVP_aes_192_cbc, 24, true },
	{ SAML_NS_XENC "aes256-cbc", EVP_aes_256_cbc, 32, true },
};

static const struct digest {
	const char *uri, *mgf_uri;
	const EVP_MD *(*md)(void);
} digests[] = {
	{ SAML_NS_DSIG "sha1", XENC11 "mgf1sha1", EVP_sha1 }, /* in OAEP nobody needs a collision */
	{ SAML_NS_XENC "sha256", XENC11 "mgf1sha256", EVP_sha256 },
	{ "http://www.w3.org/2001/04/xmldsig-more#sha384", XENC11 "mgf1sha384", EVP_sha384 },
	{ SAML_NS_XENC "sha512", XENC11 "mgf1sha512", EVP_sha512 },
};

static const struct cipher *cipher_of(const struct _xmlNode *method)
{
	const char *uri = saml_xml_attr(method, "Algorithm");

	for (size_t i = 0; uri && i < sizeof(ciphers) / sizeof(*ciphers); i++)
		if (!strcmp(ciphers[i].uri, uri))
			return &ciphers[i];
	return NULL;
}

/* NULL: a digest that is not known. Without the element it is SHA-1 (XML Encryption 5.5.2). */
static const EVP_MD *digest_of(const struct _xmlNode *n, bool mgf)
{
	const char *uri = n ? saml_xml_attr(n, "Algorithm") : digests[0].uri;

	if (!n)
		return EVP_sha1();
	for (size_t i = 0; uri && i < sizeof(digests) / sizeof(*digests); i++)
		if (!strcmp(mgf ? digests[i].mgf_uri : digests[i].uri, uri))
			return digests[i].md();
	return NULL;
}

struct oaep {
	const EVP_MD *md, *mgf;
};

static bool read_oaep(const struct _xmlNode *method, struct oaep *ret)
{
	const char *uri = saml_xml_attr(method, "Algorithm");
	bool is_1_1 = uri && !strcmp(uri, XENC11 "rsa-oaep");

	if (!uri || (!is_1_1 && strcmp(uri, SAML_NS_XENC "rsa-oaep-mgf1p") != 0) ||
		saml_xml_child(method, SAML_NS_XENC, "OAEPparams"))
		return false;
	*ret = (struct oaep){
		.md = digest_of(saml_xml_child(method, SAML_NS_DSIG, "DigestMethod"), false),
		.mgf = is_1_1 ? digest_of(saml_xml_child(method, XENC11, "MGF"), true) : EVP_sha1(),
	};
	return ret->md && ret->mgf;
}

/* --- the parts */

static bool read_cipher_value(const struct _xmlNode *n, struct buf *to)
{
	const struct _xmlNode *d = saml_xml_only(n, SAML_NS_XENC, "CipherData");
	const char *s = saml_xml_text(saml_xml_only(d, SAML_NS_XENC, "CipherValue"));

	return s && base64_get(s, strlen(s), to) && !to->bad && to->n > 0;
}

/* In the KeyInfo of the data, or beside the data; one in all. */
static const struct _xmlNode *find_key(const struct _xmlNode *encrypted, const struct _xmlNode *data)
{
	const struct _xmlNode *info = saml_xml_only(data, SAML_NS_DSIG, "KeyInfo");
	const struct _xmlNode *in = saml_xml_child(info, SAML_NS_XENC, "EncryptedKey");
	const struct _xmlNode *beside = saml_xml_child(encrypted, SAML_NS_XENC, "EncryptedKey");

	if (in && beside)
		return NULL;
	const struct _xmlNode *one = in ? in : beside;
	return one && !saml_xml_again(one) ? one : NULL;
}

/* --- opening */

static bool unwrap_by(EVP_PKEY *k, const struct oaep *o, const struct buf *wrapped, uint8_t *to, size_t key_n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	uint8_t plain[1024]; /* RSA of 8192 bits */
	size_t n = sizeof(plain);

	bool good = ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, o->md) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, o->mgf) == 1 &&
		    EVP_PKEY_decrypt(ctx, plain, &n, wrapped->p, wrapped->n) == 1 && n == key_n;
	EVP_PKEY_CTX_free(ctx);
	if (good)
		memcpy(to, plain, key_n);
	hush_wipe(plain, sizeof(plain));
	return good;
}

static bool unwrap(
	const struct saml_opener *o, const struct _xmlNode *key, const struct oaep *oaep, uint8_t *to, size_t key_n)
{
	struct buf wrapped = { 0 };
	bool good = false;

	if (read_cipher_value(key, &wrapped))
		for (size_t i = 0; i < o->n && !good; i++)
			good = unwrap_by(o->keys[i], oaep, &wrapped, to, key_n);
	buf_done(&wrapped);
	return good;
}

static bool decrypt_gcm(const struct cipher *c, const uint8_t *key, const struct buf *in, struct buf *to)
{
	if (in->n <= GCM_IV + GCM_TAG)
		return false;
	size_t n = in->n - GCM_IV - GCM_TAG;
	uint8_t *out = buf_room(to, n), tag[GCM_TAG];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got = 0, last = 0;

	memcpy(tag, in->p + in->n - GCM_TAG, GCM_TAG);
	bool good = ctx && out && EVP_DecryptInit_ex(ctx, c->cipher(), NULL, key, in->p) == 1 &&
		    EVP_DecryptUpdate(ctx, out, &got, in->p + GCM_IV, (int)n) == 1 &&
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, GCM_TAG, tag) == 1 &&
		    EVP_DecryptFinal_ex(ctx, out + got, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (good)
		to->n += (size_t)(got + last);
	else if (out)
		hush_wipe(out, n);
	return good;
}

/* XML Encryption 5.2: the last byte tells how many were padded; what the others are does not matter. */
static bool decrypt_cbc(const struct cipher *c, const uint8_t *key, const struct buf *in, struct buf *to)
{
	if (in->n <= CBC_IV || in->n % CBC_IV != 0)
		return false;
	size_t n = in->n - CBC_IV;
	uint8_t *out = buf_room(to, n + CBC_IV);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got = 0;

	bool good = ctx && out && EVP_DecryptInit_ex(ctx, c->cipher(), NULL, key, in->p) == 1 &&
		    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		    EVP_DecryptUpdate(ctx, out, &got, in->p + CBC_IV, (int)n) == 1 && (size_t)got == n;
	EVP_CIPHER_CTX_free(ctx);
	size_t pad = good ? out[n - 1] : 0;
	if (pad == 0 || pad > CBC_IV) {
		if (out)
			hush_wipe(out, n);
		return false;
	}
	to->n += n - pad;
	return true;
}

static enum rc open_data(
	const struct cipher *c, const uint8_t *key, const struct _xmlNode *data, struct buf *to, struct fault *f)
{
	struct buf in = { 0 };
	bool good = read_cipher_value(data, &in) && (c->cbc ? decrypt_cbc : decrypt_gcm)(c, key, &in, to);

	buf_done(&in);
	return good ? RC_OK : fault_set(f, RC_DENIED, "the encrypted assertion does not open: it was altered");
}

enum rc saml_open(const struct _xmlNode *encrypted, const struct saml_opener *o, struct buf *to, struct fault *f)
{
	const struct _xmlNode *data = saml_xml_only(encrypted, SAML_NS_XENC, "EncryptedData");
	const struct _xmlNode *key = find_key(encrypted, data);
	const struct cipher *c = cipher_of(saml_xml_only(data, SAML_NS_XENC, "EncryptionMethod"));
	struct oaep oaep = { 0 };
	uint8_t secret[KEY_MAX];

	if (!o || o->n == 0)
		return fault_set(
			f, RC_INVALID, "an assertion is encrypted, but there is no key of ours to open it");
	if (!data || !key)
		return fault_set(
			f, RC_INVALID, "the encrypted assertion has not one EncryptedData with one EncryptedKey");
	if (!c || (c->cbc && !o->cbc))
		return fault_set(f, RC_INVALID, "the assertion is encrypted otherwise than by AES-GCM%s",
			c ? ": AES-CBC is only opened where the settings allow it" : "");
	if (!read_oaep(saml_xml_only(key, SAML_NS_XENC, "EncryptionMethod"), &oaep))
		return fault_set(
			f, RC_INVALID, "the key of the encrypted assertion came otherwise than by RSA-OAEP");
	if (!unwrap(o, key, &oaep, secret, c->key_n))
		return fault_set(f, RC_DENIED,
			"the key of the encrypted assertion does not open: it is not for a key of ours");
	enum rc rc = open_data(c, secret, data, to, f);
	hush_wipe(secret, sizeof(secret));
	return rc;
}
