/* Secrets at rest, and the master key they hang on. */
#include "control/access/vault.h"
#include "control/secrets.h"
#include "io/file.h"

#include "tests/unit/control/fleet_desk.h"

#include <sys/stat.h>

static struct hush value_of(const char *s)
{
	struct hush h = { 0 };
	CHECK(hush_set(&h, s, strlen(s)) == RC_OK);
	return h;
}

/* What is sealed opens in its own place only, with its own version and key, and whole only. */
static void places(void)
{
	struct control_secrets s = { .kek = { 1, 2, 3 }, .kek_name = { 4, 5, 6, 7 } }, other = s;
	const struct vault_at at = { "account", "acc_1", "password" };
	const struct vault_at wrong[] = { { "egress", "acc_1", "password" }, { "account", "acc_2", "password" },
		{ "account", "acc_1", "shared_secret" }, { "account", "acc_1|8:password", "" } };
	struct hush value = value_of("hunter2 is not here"), got = { 0 };
	struct buf sealed = { 0 }, again = { 0 };
	struct fault f = { 0 };

	CHECK(vault_seal(&s, &at, 3, &value, &sealed) == RC_OK && vault_seal(&s, &at, 3, &value, &again) == RC_OK);
	char *text = strdup(buf_text(&sealed));
	CHECK(strcmp(text, buf_text(&again)) != 0); /* a key of its own each time */
	CHECK(vault_open(&s, &at, 3, text, &got, &f) == RC_OK && hush_same(&got, value.p, value.n));
	hush_done(&got);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(vault_open(&s, &wrong[i], 3, text, &got, &f) == RC_DENIED && got.p == NULL);
	CHECK(vault_open(&s, &at, 2, text, &got, &f) == RC_DENIED);
	for (size_t i = 10, n = strlen(text); i < n; i += 7) { /* every piece is covered by a tag */
		char was = text[i];
		text[i] = was == '0' ? '1' : '0';
		CHECK(vault_open(&s, &at, 3, text, &got, &f) == RC_DENIED && !strstr(f.text, "hunter2"));
		text[i] = was;
	}
	other.kek[0] = 9;
	CHECK(vault_open(&other, &at, 3, text, &got, &f) == RC_DENIED);
	other.kek_name[0] = 9;
	CHECK(vault_open(&other, &at, 3, text, &got, &f) == RC_DENIED && strstr(f.text, "another master key"));
	CHECK(vault_open(&s, &at, 3, "", &got, &f) == RC_DENIED);
	text[strlen(text) - 2] = 0;
	CHECK(vault_open(&s, &at, 3, text, &got, &f) == RC_DENIED);
	free(text);
	buf_done(&sealed);
	buf_done(&again);
	hush_done(&value);
}

static void rows(struct desk *d)
{
	const struct vault_at at = { "account", "acc_1", "password" }, other = { "account", "acc_2", "password" };
	struct hush one = value_of("first-value"), two = value_of("second-value"), got = { 0 };
	char print[VAULT_FINGERPRINT_MAX], elsewhere[VAULT_FINGERPRINT_MAX];
	bool changed = false;

	CHECK(vault_get(&d->tx, &at, &got) == RC_MISSING);
	desk_ok(d, vault_put(&d->tx, &at, &one, &changed));
	CHECK(changed);
	desk_ok(d, vault_put(&d->tx, &at, &one, &changed));
	CHECK(!changed && DESK_INT(d, "SELECT version FROM secrets WHERE owner = $1", "acc_1") == 1);
	desk_ok(d, vault_put(&d->tx, &at, &two, &changed));
	CHECK(changed && DESK_INT(d, "SELECT version FROM secrets WHERE owner = $1", "acc_1") == 2);
	desk_ok(d, vault_get(&d->tx, &at, &got));
	CHECK(hush_same(&got, two.p, two.n));
	hush_done(&got);
	/* A value that is copied to another account's row does not open. */
	DESK_DO(d,
		"INSERT INTO secrets SELECT kind, $1, name, version, sealed, fingerprint, updated_at FROM secrets",
		store_text("acc_2"));
	CHECK(vault_get(&d->tx, &other, &got) == RC_DENIED);
	desk_ok(d, vault_drop(&d->tx, &at));
	CHECK(vault_drop(&d->tx, &at) == RC_MISSING && vault_get(&d->tx, &at, &got) == RC_MISSING);
	desk_ok(d, vault_put(&d->tx, &at, &one, NULL)); /* versions are not used twice */
	CHECK(DESK_INT(d, "SELECT version FROM secrets WHERE owner = $1", "acc_1") == 4);
	/* One value of two accounts does not show as one. */
	CHECK(vault_fingerprint(&d->control.secrets, &at, &one, print) == RC_OK);
	CHECK(vault_fingerprint(&d->control.secrets, &other, &one, elsewhere) == RC_OK);
	CHECK(strcmp(print, elsewhere) != 0 && strlen(print) == 16);
	desk_ok(d, vault_drop_all(&d->tx, "account", "acc_1"));
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM secrets WHERE owner = $1", "acc_1") == 0);
	hush_done(&one);
	hush_done(&two);
}

static enum rc opens(const char *path, const void *p, size_t n, unsigned mode, struct fault *f)
{
	struct control_secrets s = { 0 };
	CHECK(file_write(path, p, n, mode, NULL) == RC_OK && chmod(path, mode) == 0);
	return secrets_open("/nonexistent", path, NULL, &s, f);
}

/* A key that people can read, or guess, is refused with words that say so. */
static void keys(void)
{
	static const uint8_t good[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4,
		0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
		0x1c, 0xae, 0x7f, 0x60 };
	static const char hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n";
	char dir[] = "/tmp/footplate-keys-XXXXXX", path[64];
	struct control_secrets a = { 0 }, b = { 0 }, made = { 0 };
	struct fault f = { 0 };
	uint8_t weak[32] = { 0 };

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/key", dir);
	CHECK(opens(path, good, 32, 0600, &f) == RC_OK && opens(path, good, 32, 0400, &f) == RC_OK);
	CHECK(secrets_open("/x", path, NULL, &a, &f) == RC_OK);
	CHECK(opens(path, good, 32, 0640, &f) == RC_DENIED && strstr(f.text, "others may read it"));
	CHECK(opens(path, good, 32, 0604, &f) == RC_DENIED);
	CHECK(opens(path, good, 31, 0600, &f) == RC_INVALID && opens(path, good, 0, 0600, &f) == RC_INVALID);
	CHECK(opens(path, weak, 32, 0600, &f) == RC_INVALID && strstr(f.text, "not random"));
	for (uint8_t i = 0; i < 32; i++)
		weak[i] = i;
	CHECK(opens(path, weak, 32, 0600, &f) == RC_INVALID);
	CHECK(opens(path, "correct horse battery staple 123", 32, 0600, &f) == RC_INVALID);
	CHECK(opens(path, hex, sizeof(hex) - 1, 0600, &f) == RC_OK);
	CHECK(secrets_open("/x", path, NULL, &b, &f) == RC_OK && !memcmp(&a, &b, sizeof(a)));
	CHECK(secrets_open("/x", "/nonexistent/key", NULL, &b, &f) == RC_MISSING);

	/* systemd's credential goes before the folder's own key; without both, one is made. */
	snprintf(path, sizeof(path), "%s/" SECRETS_CREDENTIAL, dir);
	CHECK(opens(path, good, 32, 0440, &f) == RC_DENIED);
	CHECK(secrets_open("/x", NULL, dir, &b, &f) == RC_OK && !memcmp(&a, &b, sizeof(a)));
	CHECK(chmod(path, 0444) == 0 && secrets_open("/x", NULL, dir, &b, &f) == RC_DENIED);
	CHECK(secrets_open(dir, NULL, NULL, &made, &f) == RC_OK && memcmp(&a, &made, sizeof(a)) != 0);
	CHECK(secrets_open(dir, NULL, NULL, &b, &f) == RC_OK && !memcmp(&b, &made, sizeof(b)));
	char command[96];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
}

int main(void)
{
	struct desk d;

	places();
	keys();
	desk_open(&d, 1000);
	rows(&d);
	desk_close(&d);
	return 0;
}
