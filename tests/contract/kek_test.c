/* The key ring in a file. */
#include "driver/kek/ring_file.h"
#include "io/file.h"

#include "tests/contract/kek_suite.h"
#include "tests/unit/check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t good[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92,
	0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f,
	0x60 };
#define HEX "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

static enum rc open_ring(void *ctx, struct kek **ret, struct fault *f)
{
	return ring_file_open(&(struct ring_file_conf){ .path = ctx, .make = true }, ret, f);
}

static void put(const char *path, const void *p, size_t n, unsigned mode)
{
	CHECK(file_write(path, p, n, mode, NULL) == RC_OK && chmod(path, mode) == 0);
}

static enum rc opens(const char *path, const void *p, size_t n, unsigned mode, struct fault *f)
{
	auto_of(kek) struct kek *k = NULL;
	put(path, p, n, mode);
	return ring_file_open(&(struct ring_file_conf){ .path = path }, &k, f);
}
static enum rc opens_text(const char *path, const char *text, struct fault *f)
{
	return opens(path, text, strlen(text), 0600, f);
}

/* A key that people can read, or guess, is refused with words that say so. */
static void weak(const char *path)
{
	struct fault f = { 0 };
	uint8_t bad[32] = { 0 };

	CHECK(opens(path, good, 32, 0600, &f) == RC_OK && opens(path, good, 32, 0400, &f) == RC_OK);
	CHECK(opens(path, good, 32, 0640, &f) == RC_DENIED && strstr(f.text, "others may read it"));
	CHECK(opens(path, good, 32, 0604, &f) == RC_DENIED);
	CHECK(opens(path, good, 31, 0600, &f) == RC_INVALID && opens(path, good, 0, 0600, &f) == RC_INVALID);
	CHECK(opens(path, bad, 32, 0600, &f) == RC_INVALID && strstr(f.text, "not random"));
	for (uint8_t i = 0; i < 32; i++)
		bad[i] = i;
	CHECK(opens(path, bad, 32, 0600, &f) == RC_INVALID);
	CHECK(opens(path, "correct horse battery staple 123", 32, 0600, &f) == RC_INVALID);
	CHECK(opens_text(path, HEX "\n", &f) == RC_OK);
	CHECK(unlink(path) == 0);
	struct kek *k = NULL;
	CHECK(ring_file_open(&(struct ring_file_conf){ .path = path }, &k, &f) == RC_MISSING && !k);
}

static void rings(const char *path)
{
	static const char *const wrong[] = { "footplate-keyring 1\n", "footplate-keyring 2\n1 " HEX "\n",
		"footplate-keyring 1\n1 " HEX, "footplate-keyring 1\n0 " HEX "\n",
		"footplate-keyring 1\n-1 " HEX "\n", "footplate-keyring 1\n2 " HEX "\n1 " HEX "\n",
		"footplate-keyring 1\n1 " HEX "\n1 " HEX "\n", "footplate-keyring 1\n1  " HEX "\n",
		"footplate-keyring 1\n1 " HEX " boss\n", "footplate-keyring 1\n1 " HEX "00\n",
		"footplate-keyring 1\n1x " HEX "\n", "footplate-keyring 1\n99999999999 " HEX "\n",
		"footplate-keyring 1\n\n" };
	struct fault f = { 0 };

	CHECK(opens_text(path, "footplate-keyring 1\n1 " HEX "\n", &f) == RC_OK);
	CHECK(opens_text(path, "footplate-keyring 1\n1 " HEX " master\n7 " HEX "\n", &f) == RC_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(opens_text(path, wrong[i], &f) == RC_INVALID && !strstr(f.text, "9d61b19d"));
	CHECK(opens_text(path,
		      "footplate-keyring 1\n1 " HEX
		      "\n2 0000000000000000000000000000000000000000000000000000000000000000\n",
		      &f) == RC_INVALID &&
		strstr(f.text, "key 2 is not random"));
}

/* A master key from before there were rings becomes version 1 of one, and is still told to be what it was. */
static void grows(const char *path)
{
	auto_of(kek) struct kek *k = NULL, *later = NULL, *credential = NULL;
	struct hush key = { 0 }, got = { 0 }, was = { 0 };
	struct buf text = { 0 };
	struct fault f = { 0 };
	struct stat st;
	int64_t version = 0;

	put(path, good, 32, 0600);
	CHECK(hush_set(&key, good + 1, 31) == RC_OK && hush_set(&key, HEX, 32) == RC_OK);
	CHECK(ring_file_open(&(struct ring_file_conf){ .path = path }, &k, &f) == RC_OK);
	CHECK(kek_master(k, &was, &f) == RC_OK && hush_same(&was, good, 32));
	CHECK(kek_wrap(k, "p", &key, &text, &f) == RC_OK);
	CHECK(kek_add(k, &version, &f) == RC_OK && version == 2);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(ring_file_open(&(struct ring_file_conf){ .path = path }, &later, &f) == RC_OK);
	CHECK(kek_master(later, &was, &f) == RC_OK && hush_same(&was, good, 32));
	CHECK(kek_unwrap(later, "p", buf_text(&text), &got, &f) == RC_OK && hush_same(&got, key.p, key.n));
	/* A credential is read the same way, but not written. */
	CHECK(chmod(path, 0440) == 0);
	CHECK(ring_file_open(&(struct ring_file_conf){ .path = path, .credential = true }, &credential, &f) ==
		RC_OK);
	CHECK(kek_add(credential, &version, &f) == RC_INVALID && strstr(f.text, "kek add"));
	CHECK(chmod(path, 0444) == 0 && kek_add(credential, &version, &f) == RC_DENIED);
	hush_done(&key);
	hush_done(&got);
	hush_done(&was);
	buf_done(&text);
	CHECK(unlink(path) == 0);
}

int main(void)
{
	char dir[] = "/tmp/footplate-kek-XXXXXX", path[64];

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/ring", dir);
	weak(path);
	rings(path);
	CHECK(unlink(path) == 0);
	grows(path);
	kek_suite(&(struct kek_rig){ .open = open_ring, .ctx = path });
	CHECK(unlink(path) == 0 && rmdir(dir) == 0);
	return 0;
}
