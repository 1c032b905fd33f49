/* The vault's keys at a start: the first one, one from before there were numbers, and a database whose keys are not here. */
#include "control/access/vault.h"
#include "control/keyring/keyring.h"
#include "control/keyring/keyring_open.h"
#include "control/keyring/keyring_rows.h"
#include "control/secrets.h"
#include "driver/kek/ring_file.h"
#include "io/file.h"

#include "tests/unit/control/fleet_desk.h"

static const uint8_t master[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92,
	0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f,
	0x60 };
static const struct vault_at at = { "account", "acc_1", "password" };

static struct hush value_of(const char *s)
{
	struct hush h = { 0 };
	CHECK(hush_set(&h, s, strlen(s)) == RC_OK);
	return h;
}

static void commit(struct desk *d) { desk_ok(d, store_commit(d->tx.db, &d->fault)); }
static void begin(struct desk *d) { desk_ok(d, store_begin(d->tx.db, &d->fault)); }

/* As another process would see the database. */
static void forget(struct desk *d)
{
	keyring_free(take(d->control.secrets.ring));
	memset(&d->control.secrets, 0, sizeof(d->control.secrets));
}

static void with_ring(struct desk *d, const char *path)
{
	kek_free(take(d->control.kek));
	desk_ok(d,
		ring_file_open(&(struct ring_file_conf){ .path = path, .make = true }, &d->control.kek, &d->fault));
}

static enum rc open_again(struct desk *d)
{
	forget(d);
	commit(d);
	enum rc rc = keyring_open(&d->control, d->tx.db, &d->fault);
	begin(d);
	return rc;
}

/* A new database: a root of its own, which has nothing to do with the file. */
static void fresh(const char *path)
{
	struct control_secrets of_file = { 0 }, was;
	struct hush value = value_of("kept"), got = { 0 };
	struct desk d;

	desk_open(&d, 1000);
	with_ring(&d, path);
	desk_ok(&d, open_again(&d));
	CHECK(keyring_current(d.control.secrets.ring) == 1 && keyring_has(d.control.secrets.ring, 1));
	was = d.control.secrets;
	CHECK(secrets_derive(master, &of_file) == RC_OK && memcmp(of_file.pepper, was.pepper, 32) != 0);
	desk_ok(&d, vault_put(&d.tx, &at, &value, NULL));
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM secrets WHERE sealed LIKE $1", "0200000001%") == 1);
	desk_ok(&d, open_again(&d));
	CHECK(!memcmp(&was, &d.control.secrets, offsetof(struct control_secrets, ring)));
	desk_ok(&d, vault_get(&d.tx, &at, &got));
	CHECK(hush_same(&got, value.p, value.n));
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM vault_keys WHERE state = $1", "current") == 1);
	/* Neither the key nor the root stands in the database. */
	struct hush root = { 0 };
	struct keyring_row *rows = NULL;
	size_t n = 0;
	char hex[65];
	desk_ok(&d, keyring_rows_live(d.tx.db, &d.arena, &rows, &n, &d.fault));
	CHECK(n == 1 && !strcmp(rows[0].kek, "file:1"));
	desk_ok(&d, keyring_open_root(&d.control, &rows[0], &root, &d.fault));
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", root.p[i]);
	CHECK(!strstr(rows[0].root, hex) && !strstr(rows[0].wrapped, hex));
	hush_done(&root);
	hush_done(&value);
	hush_done(&got);
	forget(&d);
	kek_free(take(d.control.kek));
	desk_close(&d);
}

static void note_root(struct desk *d, const uint8_t *root)
{
	char name[SECRETS_NAME_MAX];
	CHECK(secrets_derive(root, &d->control.secrets) == RC_OK);
	secrets_name(&d->control.secrets, name);
	DESK_DO(d, "INSERT INTO meta (name, value) VALUES ('master_key', $1)", store_text(name));
}

/* An installation from before: what it sealed opens, what it derived stays, and the file is not touched. */
static void upgraded(const char *path)
{
	struct hush value = value_of("of the year before"), got = { 0 };
	struct control_secrets was = { 0 };
	struct buf bytes = { 0 };
	struct desk d;

	desk_open(&d, 1000);
	note_root(&d, master);
	was = d.control.secrets;
	desk_ok(&d, vault_put(&d.tx, &at, &value, NULL)); /* no ring: as the program of before did it */
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM secrets WHERE sealed LIKE $1", "01%") == 1);
	CHECK(file_write(path, master, 32, 0600, NULL) == RC_OK);
	with_ring(&d, path);
	desk_ok(&d, open_again(&d));
	CHECK(!memcmp(&was, &d.control.secrets, offsetof(struct control_secrets, ring)));
	desk_ok(&d, vault_get(&d.tx, &at, &got));
	CHECK(hush_same(&got, value.p, value.n));
	CHECK(file_read(path, 100, &bytes, NULL) == RC_OK && bytes.n == 32 && !memcmp(bytes.p, master, 32));
	/* The root is the database's now: the file may be a ring of other keys, as long as it has the version. */
	int64_t version = 0;
	desk_ok(&d, kek_add(d.control.kek, &version, &d.fault));
	with_ring(&d, path);
	desk_ok(&d, open_again(&d));
	CHECK(!memcmp(&was, &d.control.secrets, offsetof(struct control_secrets, ring)));
	hush_done(&value);
	hush_done(&got);
	buf_done(&bytes);
	forget(&d);
	kek_free(take(d.control.kek));
	desk_close(&d);
}

/* A start without the right key says so, and makes none in its place. */
static void refused(const char *path)
{
	struct desk d;

	desk_open(&d, 1000);
	note_root(&d, master);
	with_ring(&d, path); /* a new one */
	CHECK(open_again(&d) == RC_CONFLICT && strstr(d.fault.text, "not here"));
	CHECK(unlink(path) == 0 && file_write(path, master, 31, 0600, NULL) == RC_OK);
	uint8_t other[32];
	for (uint8_t i = 0; i < 32; i++)
		other[i] = (uint8_t)(master[i] ^ 0x5a);
	CHECK(file_write(path, other, 32, 0600, NULL) == RC_OK);
	with_ring(&d, path);
	CHECK(open_again(&d) == RC_CONFLICT && strstr(d.fault.text, "another master key"));
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM vault_keys WHERE state = $1", "current") == 0);
	CHECK(file_write(path, master, 32, 0600, NULL) == RC_OK);
	with_ring(&d, path);
	desk_ok(&d, open_again(&d));
	/* From now on the version is needed, not the file. */
	CHECK(unlink(path) == 0);
	with_ring(&d, path);
	CHECK(open_again(&d) == RC_DENIED && strstr(d.fault.text, "another master key"));
	DESK_DO(&d, "UPDATE vault_keys SET wrapped = 'file:9:00' WHERE number = $1", store_int(1));
	CHECK(open_again(&d) == RC_CONFLICT && strstr(d.fault.text, "has no version 9"));
	DESK_DO(&d, "UPDATE vault_keys SET wrapped = 'vault:v1:00' WHERE number = $1", store_int(1));
	CHECK(open_again(&d) == RC_CONFLICT && strstr(d.fault.text, "another provider"));
	forget(&d);
	kek_free(take(d.control.kek));
	desk_close(&d);
}

int main(void)
{
	char dir[] = "/tmp/footplate-keyring-XXXXXX", path[64];

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/ring", dir);
	fresh(path);
	CHECK(unlink(path) == 0);
	upgraded(path);
	CHECK(unlink(path) == 0);
	refused(path);
	CHECK(unlink(path) == 0 && rmdir(dir) == 0);
	return 0;
}
