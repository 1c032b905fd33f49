/* Key-encryption keys in a security module: SoftHSM, with a token of the test's own. */
#include "driver/kek/pkcs11.h"
#include "io/file.h"

#include "tests/contract/kek_suite.h"
#include "tests/unit/check.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN    "CANARY-pin-4711"

static char pin_file[64];
static struct pkcs11_conf conf = {
	.module = MODULE, .token = "footplate test", .label = "footplate-kek", .pin_file = pin_file, .make = true
};

static enum rc open_token(void *ctx, struct kek **ret, struct fault *f) { return pkcs11_open(ctx, ret, f); }

static enum rc opens(const struct pkcs11_conf *c, struct fault *f)
{
	auto_of(kek) struct kek *k = NULL;
	return pkcs11_open(c, &k, f);
}

static void put_pin(const char *pin, unsigned mode)
{
	CHECK(file_write(pin_file, pin, strlen(pin), mode, NULL) == RC_OK && chmod(pin_file, mode) == 0);
}

/* A key that could be taken out, as an administrator might make one. */
static void make_weak(const char *label)
{
	void *library = dlopen(MODULE, RTLD_NOW);
	CK_C_GetFunctionList list = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
	CK_FUNCTION_LIST *fn = NULL;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8, bytes = 32;
	CK_SESSION_HANDLE s;
	CK_MECHANISM how = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_HANDLE key;
	CK_ATTRIBUTE t[] = { { CKA_LABEL, (void *)(uintptr_t)label, strlen(label) },
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_SENSITIVE, &no, sizeof(no) },
		{ CKA_EXTRACTABLE, &yes, sizeof(yes) }, { CKA_ENCRYPT, &yes, sizeof(yes) },
		{ CKA_DECRYPT, &yes, sizeof(yes) }, { CKA_VALUE_LEN, &bytes, sizeof(bytes) } };

	CHECK(list && list(&fn) == CKR_OK && fn->C_Initialize(NULL) == CKR_OK);
	CHECK(fn->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK);
	CHECK(fn->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s) == CKR_OK);
	CHECK(fn->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)PIN, strlen(PIN)) == CKR_OK);
	CHECK(fn->C_GenerateKey(s, &how, t, sizeof(t) / sizeof(*t), &key) == CKR_OK);
	CHECK(fn->C_Finalize(NULL) == CKR_OK && dlclose(library) == 0);
}

static void refusals(void)
{
	struct pkcs11_conf c = conf;
	struct fault f = { 0 };

	c.make = false;
	c.label = "nobody";
	CHECK(opens(&c, &f) == RC_MISSING && strstr(f.text, "nobody-1"));
	c = conf;
	c.token = "another";
	CHECK(opens(&c, &f) == RC_MISSING && strstr(f.text, "no token"));
	c = conf;
	c.module = "/nonexistent/module.so";
	CHECK(opens(&c, &f) == RC_MISSING);
	c.module = "libm.so.6";
	CHECK(opens(&c, &f) == RC_INVALID);
	c.module = NULL;
	CHECK(opens(&c, &f) == RC_INVALID);
	put_pin("1234567", 0600);
	CHECK(opens(&conf, &f) == RC_DENIED && strstr(f.text, "PIN") && !strstr(f.text, "1234567"));
	put_pin(PIN, 0644);
	CHECK(opens(&conf, &f) == RC_DENIED && strstr(f.text, "others may read it"));
	put_pin(PIN "\n", 0600);
	CHECK(opens(&conf, &f) == RC_OK);
	make_weak("weak-1");
	c = conf;
	c.label = "weak";
	CHECK(opens(&c, &f) == RC_DENIED && strstr(f.text, "taken out"));
}

static void measure(void)
{
	auto_of(kek) struct kek *k = NULL;
	struct hush key = { 0 }, got = { 0 };
	struct buf text = { 0 };
	struct timespec a, b;
	uint8_t bytes[32] = { 1 };
	int n = 200;

	CHECK(pkcs11_open(&conf, &k, NULL) == RC_OK && hush_set(&key, bytes, 32) == RC_OK);
	CHECK(kek_wrap(k, "p", &key, &text, NULL) == RC_OK);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < n; i++)
		CHECK(kek_unwrap(k, "p", buf_text(&text), &got, NULL) == RC_OK);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.0f unwraps/s, each with its own session\n",
		n / ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9));
	hush_done(&key);
	hush_done(&got);
	buf_done(&text);
}

int main(void)
{
	char dir[] = "/tmp/footplate-hsm-XXXXXX", path[96], text[160], command[300];

	if (access(MODULE, R_OK) != 0) {
		fprintf(stderr, "no SoftHSM here: apt-get install softhsm2\n");
		return 1;
	}
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/softhsm2.conf", dir);
	snprintf(text, sizeof(text),
		"directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", dir);
	CHECK(file_write(path, text, strlen(text), 0600, NULL) == RC_OK);
	snprintf(command, sizeof(command),
		"mkdir %s/tokens && SOFTHSM2_CONF=%s softhsm2-util --init-token --free --label 'footplate test' "
		"--so-pin 12345678 "
		"--pin " PIN " >/dev/null",
		dir, path);
	CHECK(system(command) == 0);
	setenv("SOFTHSM2_CONF", path, 1);
	snprintf(pin_file, sizeof(pin_file), "%s/pin", dir);
	put_pin(PIN, 0600);
	kek_suite(&(struct kek_rig){ .open = open_token, .ctx = &conf });
	refusals();
	measure();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return 0;
}
