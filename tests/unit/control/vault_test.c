/* Secrets at rest. */
#include "control/access/vault.h"
#include "control/keyring/keyring.h"

#include "tests/unit/control/fleet_desk.h"

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

/* A value under the vault's first keys opens under the next, moved or not; a key that is not there is told by its number. */
static void numbers(void)
{
	struct control_secrets s = { .kek = { 1, 2, 3 }, .kek_name = { 4, 5, 6, 7 } };
	const struct vault_at at = { "account", "acc_1", "password" }, wrong = { "account", "acc_2", "password" };
	static const uint8_t keys[2][KEYRING_KEY] = { { 5 }, { 6 } };
	struct hush value = value_of("moved about"), got = { 0 };
	struct buf oldest = { 0 }, old = { 0 }, moved = { 0 }, refused = { 0 };
	struct fault f = { 0 };
	char mark[VAULT_MARK_MAX];
	bool held = false;

	CHECK(vault_seal(&s, &at, 1, &value, &oldest) == RC_OK && vault_key_of(buf_text(&oldest)) == KEYRING_BASE);
	CHECK(keyring_new(&s.ring, &held, &f) == RC_OK);
	CHECK(keyring_put(s.ring, 1, keys[0], &f) == RC_OK && keyring_put(s.ring, 70000, keys[1], &f) == RC_OK);
	CHECK(vault_open(&s, &at, 1, buf_text(&oldest), &got, &f) == RC_OK && hush_same(&got, value.p, value.n));
	keyring_set_current(s.ring, 1);
	CHECK(vault_seal(&s, &at, 1, &value, &old) == RC_OK && vault_key_of(buf_text(&old)) == 1);
	keyring_set_current(s.ring, 70000);
	CHECK(vault_rewrap(&s, &at, 1, buf_text(&oldest), &moved, &f) == RC_OK);
	CHECK(vault_key_of(buf_text(&moved)) == 70000);
	vault_mark(70000, mark);
	CHECK(!strncmp(buf_text(&moved), mark, strlen(mark)));
	CHECK(vault_rewrap(&s, &wrong, 1, buf_text(&old), &refused, &f) == RC_DENIED && refused.n == 0);
	keyring_drop(s.ring, 1);
	CHECK(vault_open(&s, &at, 1, buf_text(&moved), &got, &f) == RC_OK && hush_same(&got, value.p, value.n));
	CHECK(vault_open(&s, &at, 1, buf_text(&old), &got, &f) == RC_DENIED && strstr(f.text, "key 1, which"));
	memset(s.kek, 0, sizeof(s.kek)); /* what was moved does not hang on the old one */
	CHECK(vault_open(&s, &at, 1, buf_text(&moved), &got, &f) == RC_OK);
	CHECK(vault_open(&s, &at, 1, buf_text(&oldest), &got, &f) == RC_DENIED);
	keyring_free(s.ring);
	hush_done(&value);
	hush_done(&got);
	buf_done(&oldest);
	buf_done(&old);
	buf_done(&moved);
}

int main(void)
{
	struct desk d;

	places();
	numbers();
	desk_open(&d, 1000);
	rows(&d);
	desk_close(&d);
	return 0;
}
