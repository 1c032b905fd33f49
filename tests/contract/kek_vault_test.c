/* Key-encryption keys at a stand-in of Vault's transit engine. */
#include "driver/kek/transit.h"
#include "io/file.h"

#include "tests/contract/kek_suite.h"
#include "tests/system/vault_stand_in.h"
#include "tests/unit/check.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct vault_stand_in vault;
static char token_file[64];
static struct transit_conf conf = {
	.url = vault.url, .mount = "transit", .key = "footplate", .token_file = token_file
};

static enum rc open_vault(void *ctx, struct kek **ret, struct fault *f) { return transit_open(ctx, ret, f); }

static enum rc opens(const struct transit_conf *c, struct fault *f)
{
	auto_of(kek) struct kek *k = NULL;
	return transit_open(c, &k, f);
}

static void put_token(const char *token, unsigned mode)
{
	CHECK(file_write(token_file, token, strlen(token), mode, NULL) == RC_OK && chmod(token_file, mode) == 0);
}

/* What stands in front of a start. */
static void refusals(void)
{
	static const char *const wrong[] = { "http://vault.example:8200", "ftp://127.0.0.1",
		"http://127.0.0.1.evil:80", "" };
	struct transit_conf c = conf;
	struct fault f = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		c.url = wrong[i];
		CHECK(opens(&c, &f) == RC_INVALID && strstr(f.text, "https://"));
	}
	c = conf;
	c.key = "a b";
	CHECK(opens(&c, &f) == RC_INVALID);
	c.key = "nobody";
	CHECK(opens(&c, &f) == RC_MISSING && strstr(f.text, "nobody"));
	put_token("hvs.wrong", 0600);
	CHECK(opens(&conf, &f) == RC_DENIED && strstr(f.text, "403") && !strstr(f.text, "hvs."));
	put_token(VAULT_STAND_IN_TOKEN "\r\nX-Evil: 1", 0600);
	CHECK(opens(&conf, &f) == RC_INVALID && !strstr(f.text, "hvs."));
	put_token(VAULT_STAND_IN_TOKEN, 0640);
	CHECK(opens(&conf, &f) == RC_DENIED && strstr(f.text, "others may read it"));
	put_token(VAULT_STAND_IN_TOKEN "\n", 0600);
	vault.sealed = true;
	CHECK(opens(&conf, &f) == RC_AWAY && strstr(f.text, "sealed"));
	vault.sealed = false;
	vault.exportable = true;
	CHECK(opens(&conf, &f) == RC_DENIED && strstr(f.text, "taken out"));
	vault.exportable = false;
	vault.derived = true;
	CHECK(opens(&conf, &f) == RC_INVALID);
	vault.derived = false;
	vault.garbles = true;
	CHECK(opens(&conf, &f) != RC_OK);
	vault.garbles = false;
	CHECK(opens(&conf, &f) == RC_OK);
}

/* What can happen later. */
static void troubles(void)
{
	auto_of(kek) struct kek *k = NULL;
	struct hush key = { 0 }, got = { 0 };
	struct buf text = { 0 };
	struct fault f = { 0 };
	struct timespec a, b;
	uint8_t bytes[32] = { 7 };
	int64_t version = 0;
	int n = 200;

	CHECK(transit_open(&conf, &k, &f) == RC_OK && hush_set(&key, bytes, 32) == RC_OK);
	CHECK(kek_wrap(k, "p", &key, &text, &f) == RC_OK);
	vault.may_not_rotate = true;
	CHECK(kek_add(k, &version, &f) == RC_INVALID && strstr(f.text, "rotate it there"));
	vault.may_not_rotate = false;
	CHECK(kek_add(k, &version, &f) == RC_OK && version == vault.newest);
	vault.min_decryption_version = vault.newest;
	CHECK(kek_unwrap(k, "p", buf_text(&text), &got, &f) == RC_CONFLICT &&
		strstr(f.text, "min_decryption_version"));
	vault.min_decryption_version = 1;
	vault.sealed = true;
	CHECK(kek_unwrap(k, "p", buf_text(&text), &got, &f) == RC_AWAY && !got.p);
	CHECK(kek_wrap(k, "p", &key, &text, &f) == RC_AWAY);
	vault.sealed = false;
	vault.garbles = true;
	CHECK(kek_unwrap(k, "p", buf_text(&text), &got, &f) == RC_REFUSED && !got.p);
	vault.garbles = false;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < n; i++)
		CHECK(kek_unwrap(k, "p", buf_text(&text), &got, &f) == RC_OK && hush_same(&got, bytes, 32));
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.0f unwraps/s, each with its own connection\n",
		n / ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9));
	hush_done(&key);
	hush_done(&got);
	buf_done(&text);
}

int main(void)
{
	char dir[] = "/tmp/footplate-vault-XXXXXX";

	CHECK(mkdtemp(dir) != NULL);
	snprintf(token_file, sizeof(token_file), "%s/token", dir);
	put_token(VAULT_STAND_IN_TOKEN, 0600);
	vault_stand_in_start(&vault);
	kek_suite(&(struct kek_rig){ .open = open_vault, .ctx = &conf });
	refusals();
	troubles();
	vault_stand_in_stop(&vault);
	CHECK(unlink(token_file) == 0 && rmdir(dir) == 0);
	return 0;
}
