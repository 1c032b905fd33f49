#include "driver/kek/pkcs11.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/gcm.h"
#include "wire/tunnel_auth.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>

#define PIN_MAX   256
#define SLOTS_MAX 64
#define SEALED    (GCM_NONCE + KEK_KEY + GCM_TAG)

struct module {
	struct kek kek;
	struct pkcs11_conf conf;
	void *library;
	CK_FUNCTION_LIST *fn;
	bool ours; /* it was we who initialized it */
};

/* One use of the token. */
struct use {
	CK_FUNCTION_LIST *fn;
	CK_SESSION_HANDLE session;
	bool open;
};

static struct module *module_of(struct kek *k) { return (struct module *)(void *)k; }

static enum rc failed(struct fault *f, const char *what, CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
		return fault_set(f, RC_DENIED, "pkcs11: the PIN is not right");
	case CKR_PIN_LOCKED:
		return fault_set(f, RC_DENIED, "pkcs11: the PIN is locked: unlock the token by its own tools");
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_DEVICE_ERROR:
		return fault_set(
			f, RC_AWAY, "pkcs11: the token does not answer (%s: 0x%lx)", what, (unsigned long)rv);
	default:
		return fault_set(f, RC_IO, "pkcs11: %s failed: 0x%lx", what, (unsigned long)rv);
	}
}

/* ---- the token ---- */

static bool is_token(const CK_TOKEN_INFO *t, const char *label)
{
	size_t n = strlen(label);

	if (n > sizeof(t->label) || memcmp(t->label, label, n) != 0)
		return false;
	for (size_t i = n; i < sizeof(t->label); i++) /* padded by spaces */
		if (t->label[i] != ' ')
			return false;
	return true;
}

static enum rc find_slot(const struct module *m, CK_SLOT_ID *ret, struct fault *f)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_RV rv = m->fn->C_GetSlotList(CK_TRUE, slots, &n);

	if (rv != CKR_OK)
		return failed(f, "the list of slots", rv);
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;
		if (m->fn->C_GetTokenInfo(slots[i], &info) == CKR_OK && is_token(&info, m->conf.token)) {
			*ret = slots[i];
			return RC_OK;
		}
	}
	return fault_set(f, RC_MISSING, "pkcs11: there is no token \"%.32s\"", m->conf.token);
}

static enum rc log_in(const struct module *m, struct use *u, struct fault *f)
{
	struct buf pin = { 0 };
	enum rc rc = file_read_secret(m->conf.pin_file, PIN_MAX, &pin, f);

	if (rc != RC_OK)
		return rc;
	while (pin.n && (pin.p[pin.n - 1] == '\n' || pin.p[pin.n - 1] == '\r'))
		pin.n--;
	CK_RV rv = m->fn->C_Login(u->session, CKU_USER, pin.p, pin.n);
	hush_wipe(pin.p, pin.room);
	buf_done(&pin);
	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? RC_OK : failed(f, "logging in", rv);
}

static enum rc use_begin(const struct module *m, struct use *u, struct fault *f)
{
	CK_SLOT_ID slot = 0;

	*u = (struct use){ .fn = m->fn };
	enum rc rc = find_slot(m, &slot, f);
	if (rc != RC_OK)
		return rc;
	CK_RV rv = m->fn->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &u->session);
	if (rv != CKR_OK)
		return failed(f, "opening a session", rv);
	u->open = true;
	return log_in(m, u, f);
}

static void use_end(struct use *u)
{
	if (u->open)
		u->fn->C_CloseSession(u->session);
}
#define auto_use __attribute__((cleanup(use_end))) struct use

/* ---- keys ---- */

static bool has(struct use *u, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE what)
{
	CK_BBOOL yes = CK_FALSE;
	CK_ATTRIBUTE a = { what, &yes, sizeof(yes) };
	return u->fn->C_GetAttributeValue(u->session, key, &a, 1) == CKR_OK && yes == CK_TRUE;
}

static enum rc check_key(struct use *u, CK_OBJECT_HANDLE key, const char *label, struct fault *f)
{
	CK_KEY_TYPE type = 0;
	CK_ULONG n = 0;
	CK_ATTRIBUTE a[] = { { CKA_KEY_TYPE, &type, sizeof(type) }, { CKA_VALUE_LEN, &n, sizeof(n) } };

	if (u->fn->C_GetAttributeValue(u->session, key, a, 2) != CKR_OK || type != CKK_AES || n != KEK_KEY)
		return fault_set(f, RC_INVALID, "pkcs11: the key %s is not an AES key of 256 bits", label);
	if (has(u, key, CKA_EXTRACTABLE) || !has(u, key, CKA_SENSITIVE))
		return fault_set(f, RC_DENIED,
			"pkcs11: the key %s can be taken out of the token; make one that cannot (sensitive, not "
			"extractable)",
			label);
	return RC_OK;
}

/* RC_CONFLICT: there is none. */
static enum rc find_key(
	const struct module *m, struct use *u, int64_t version, CK_OBJECT_HANDLE *ret, struct fault *f)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	char label[PKCS11_LABEL_MAX + 24];
	CK_ULONG n = 0;

	snprintf(label, sizeof(label), "%s-%lld", m->conf.label, (long long)version);
	CK_ATTRIBUTE want[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_LABEL, label, strlen(label) } };
	CK_OBJECT_HANDLE found[2];
	CK_RV rv = u->fn->C_FindObjectsInit(u->session, want, 2);
	if (rv == CKR_OK) {
		rv = u->fn->C_FindObjects(u->session, found, 2, &n);
		u->fn->C_FindObjectsFinal(u->session);
	}
	if (rv != CKR_OK)
		return failed(f, "looking for a key", rv);
	if (n == 0)
		return fault_set(f, RC_CONFLICT,
			"pkcs11: the token \"%.32s\" has no key %s, which the database needs", m->conf.token,
			label);
	if (n > 1)
		return fault_set(f, RC_INVALID, "pkcs11: the token has several keys %s", label);
	*ret = found[0];
	return check_key(u, *ret, label, f);
}

/* The number behind "LABEL-"; 0: another label. */
static int64_t version_in(const struct module *m, const char *label)
{
	size_t n = strlen(m->conf.label);
	char *end = NULL;

	if (strncmp(label, m->conf.label, n) != 0 || label[n] != '-' || label[n + 1] < '1' || label[n + 1] > '9')
		return 0;
	long long v = strtoll(label + n + 1, &end, 10);
	return *end || v > INT32_MAX ? 0 : v;
}

static void note_version(const struct module *m, struct use *u, CK_OBJECT_HANDLE key, struct kek_health *h)
{
	char label[PKCS11_LABEL_MAX + 24] = "";
	CK_ATTRIBUTE a = { CKA_LABEL, label, sizeof(label) - 1 };

	if (u->fn->C_GetAttributeValue(u->session, key, &a, 1) != CKR_OK || a.ulValueLen >= sizeof(label))
		return;
	label[a.ulValueLen] = 0;
	int64_t v = version_in(m, label);
	if (v && (!h->oldest || v < h->oldest))
		h->oldest = v;
	if (v > h->newest)
		h->newest = v;
}

/* Zeroes: none. */
static enum rc versions(const struct module *m, struct use *u, struct kek_health *ret, struct fault *f)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE want = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found[PKCS11_VERSIONS_MAX];
	CK_ULONG n = 0;

	CK_RV rv = u->fn->C_FindObjectsInit(u->session, &want, 1);
	if (rv == CKR_OK) {
		rv = u->fn->C_FindObjects(u->session, found, PKCS11_VERSIONS_MAX, &n);
		u->fn->C_FindObjectsFinal(u->session);
	}
	if (rv != CKR_OK)
		return failed(f, "looking for keys", rv);
	*ret = (struct kek_health){ 0 };
	for (CK_ULONG i = 0; i < n; i++)
		note_version(m, u, found[i], ret);
	return RC_OK;
}

static enum rc generate(const struct module *m, struct use *u, int64_t version, struct fault *f)
{
	CK_MECHANISM how = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG n = KEK_KEY;
	CK_OBJECT_HANDLE key = 0;
	char label[PKCS11_LABEL_MAX + 24];

	snprintf(label, sizeof(label), "%s-%lld", m->conf.label, (long long)version);
	CK_ATTRIBUTE t[] = { { CKA_LABEL, label, strlen(label) }, { CKA_ID, label, strlen(label) },
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_ENCRYPT, &yes, sizeof(yes) }, { CKA_DECRYPT, &yes, sizeof(yes) },
		{ CKA_VALUE_LEN, &n, sizeof(n) } };
	CK_RV rv = u->fn->C_GenerateKey(u->session, &how, t, sizeof(t) / sizeof(*t), &key);
	return rv == CKR_OK ? check_key(u, key, label, f) : failed(f, "making a key", rv);
}

/* ---- the contract ---- */

/* How the token is to do it; the buffers live until it has. */
static CK_MECHANISM gcm(CK_GCM_PARAMS *p, struct buf *nonce, struct buf *bound)
{
	*p = (CK_GCM_PARAMS){ .iv_ptr = nonce->p,
		.iv_len = nonce->n,
		.iv_bits = nonce->n * 8,
		.aad_ptr = bound->p,
		.aad_len = bound->n,
		.tag_bits = (CK_ULONG)GCM_TAG * 8 };
	return (CK_MECHANISM){ CKM_AES_GCM, p, sizeof(*p) };
}

static enum rc wrap(struct kek *k, const char *bound, const struct hush *key, struct buf *to, struct fault *f)
{
	struct module *m = module_of(k);
	struct kek_health h = { 0 };
	uint8_t sealed[SEALED];
	char hex[2 * SEALED + 1];
	CK_OBJECT_HANDLE kek = 0;
	CK_ULONG n = SEALED - GCM_NONCE;
	CK_GCM_PARAMS params;
	struct buf text = { 0 };
	auto_use u = { 0 };

	if (key->n != KEK_KEY)
		return fault_set(f, RC_INTERNAL, "a key of another length");
	enum rc rc = use_begin(m, &u, f);
	if (rc == RC_OK)
		rc = versions(m, &u, &h, f);
	if (rc == RC_OK)
		rc = find_key(m, &u, h.newest, &kek, f);
	if (rc != RC_OK)
		return rc;
	clock_random(sealed, GCM_NONCE);
	buf_str(&text, bound);
	CK_MECHANISM how = gcm(&params, &(struct buf){ .p = sealed, .n = GCM_NONCE }, &text);
	CK_RV rv = m->fn->C_EncryptInit(u.session, &how, kek);
	if (rv == CKR_OK)
		rv = m->fn->C_Encrypt(u.session, key->p, key->n, sealed + GCM_NONCE, &n);
	buf_done(&text);
	if (rv != CKR_OK || n != SEALED - GCM_NONCE)
		return failed(f, "encrypting", rv);
	tunnel_auth_hex(sealed, sizeof(sealed), hex);
	buf_fmt(to, PKCS11_NAME ":%lld:%s", (long long)h.newest, hex);
	return to->bad ? RC_NOMEM : RC_OK;
}

static enum rc unwrap(struct kek *k, const char *bound, const char *wrapped, struct hush *ret, struct fault *f)
{
	struct module *m = module_of(k);
	const char *hex = NULL;
	int64_t version = kek_version_of(wrapped, PKCS11_NAME, &hex);
	uint8_t sealed[SEALED], key[SEALED];
	CK_OBJECT_HANDLE kek = 0;
	CK_ULONG n = sizeof(key);
	CK_GCM_PARAMS params;
	struct buf text = { 0 };
	auto_use u = { 0 };

	if (!version)
		return fault_set(
			f, RC_CONFLICT, "the key was wrapped by another provider (%.*s)", KEK_NAME_MAX, wrapped);
	if (strlen(hex) != (size_t)2 * SEALED || !tunnel_auth_of_hex(hex, sealed, SEALED))
		return fault_set(f, RC_DENIED, "a wrapped key is damaged");
	enum rc rc = use_begin(m, &u, f);
	if (rc == RC_OK)
		rc = find_key(m, &u, version, &kek, f);
	if (rc != RC_OK)
		return rc;
	buf_str(&text, bound);
	CK_MECHANISM how = gcm(&params, &(struct buf){ .p = sealed, .n = GCM_NONCE }, &text);
	CK_RV rv = m->fn->C_DecryptInit(u.session, &how, kek);
	if (rv == CKR_OK)
		rv = m->fn->C_Decrypt(u.session, sealed + GCM_NONCE, SEALED - GCM_NONCE, key, &n);
	buf_done(&text);
	if (rv == CKR_OK && n == KEK_KEY)
		rc = hush_set(ret, key, KEK_KEY);
	else if (rv == CKR_DEVICE_REMOVED || rv == CKR_DEVICE_ERROR || rv == CKR_TOKEN_NOT_PRESENT)
		rc = failed(f, "decrypting", rv);
	else
		rc = fault_set(f, RC_DENIED,
			"a wrapped key does not open with the token's key: it was altered (0x%lx)",
			(unsigned long)rv);
	hush_wipe(key, sizeof(key));
	return rc;
}

static enum rc add(struct kek *k, int64_t *ret_version, struct fault *f)
{
	struct module *m = module_of(k);
	struct kek_health h = { 0 };
	auto_use u = { 0 };

	enum rc rc = use_begin(m, &u, f);
	if (rc == RC_OK)
		rc = versions(m, &u, &h, f);
	if (rc == RC_OK)
		rc = generate(m, &u, h.newest + 1, f);
	if (rc == RC_OK)
		*ret_version = h.newest + 1;
	return rc;
}

static enum rc health(struct kek *k, struct kek_health *ret, struct fault *f)
{
	struct module *m = module_of(k);
	auto_use u = { 0 };

	enum rc rc = use_begin(m, &u, f);
	return rc == RC_OK ? versions(m, &u, ret, f) : rc;
}

static void module_free(struct kek *k)
{
	struct module *m = module_of(k);

	if (m->ours)
		m->fn->C_Finalize(NULL);
	if (m->library)
		dlclose(m->library);
	free(m);
}

static const struct kek_impl module_impl = {
	.name = PKCS11_NAME, .wrap = wrap, .unwrap = unwrap, .add = add, .health = health, .free = module_free
};

static enum rc load(struct module *m, struct fault *f)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

	m->library = dlopen(m->conf.module, RTLD_NOW | RTLD_LOCAL);
	if (!m->library)
		return fault_set(f, RC_MISSING, "pkcs11: %.200s", dlerror());
	CK_C_GetFunctionList list = (CK_C_GetFunctionList)dlsym(m->library, "C_GetFunctionList");
	if (!list || list(&m->fn) != CKR_OK)
		return fault_set(f, RC_INVALID, "pkcs11: %.200s is no PKCS#11 module", m->conf.module);
	CK_RV rv = m->fn->C_Initialize(&args);
	m->ours = rv == CKR_OK;
	return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? RC_OK
								      : failed(f, "starting the module", rv);
}

static enum rc first_key(struct module *m, struct fault *f)
{
	struct kek_health h = { 0 };
	CK_OBJECT_HANDLE key = 0;
	auto_use u = { 0 };

	enum rc rc = use_begin(m, &u, f);
	if (rc == RC_OK)
		rc = versions(m, &u, &h, f);
	if (rc == RC_OK && h.newest)
		return find_key(m, &u, h.newest, &key, f);
	if (rc == RC_OK && !m->conf.make)
		return fault_set(f, RC_MISSING, "pkcs11: the token \"%.32s\" has no key %.64s-1", m->conf.token,
			m->conf.label);
	return rc == RC_OK ? generate(m, &u, 1, f) : rc;
}

enum rc pkcs11_open(const struct pkcs11_conf *conf, struct kek **ret, struct fault *f)
{
	if (!conf->module || !conf->token || !conf->pin_file)
		return fault_set(
			f, RC_INVALID, "pkcs11 needs kek.pkcs11_module, kek.pkcs11_token and kek.pkcs11_pin_file");
	struct module *m = calloc(1, sizeof(*m));
	if (!m)
		return RC_NOMEM;
	m->kek.impl = &module_impl;
	m->conf = *conf;
	enum rc rc = load(m, f);
	if (rc == RC_OK)
		rc = first_key(m, f);
	if (rc == RC_OK)
		*ret = &m->kek;
	else
		module_free(&m->kek);
	return rc;
}
