#include "main/backup.h"
#include "base/when.h"
#include "control/migrate.h"
#include "control/recovery/heal.h"
#include "control/recovery/row_file.h"
#include "driver/store/sqlite.h"
#include "io/clock.h"
#include "io/file.h"
#include "main/backup_manifest.h"
#include "main/conf.h"
#include "main/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE "footplate.db"
#define ROWS     "rows.jsonl"

/* One run of a verb. */
struct job {
	struct conf conf;
	struct arena arena;
	const char *dir; /* of the backup */
	struct backup_manifest manifest;
};

#define auto_conn __attribute__((cleanup(own_store_conn_p))) struct store_conn *

static const char *in(struct job *j, const char *dir, const char *name)
{
	const char *path = arena_fmt(&j->arena, "%s/%s", dir, name);
	return path ? path : "";
}

/* Opening makes a file of SQLite: ours must be there. */
static enum rc open_database(struct job *j, struct store **ret, struct fault *f)
{
	char place[DATABASE_PLACE_MAX];

	if (!database_named(&j->conf) && access(in(j, j->conf.data.dir, DATABASE), F_OK) != 0)
		return fault_set(f, RC_MISSING, "%s has no database", j->conf.data.dir);
	return database_open(&j->conf, ret, place, f);
}

/* ---- create ---- */

/* A read transaction: all that is read is of one moment. */
static enum rc copy_rows(struct job *j, struct store_conn *db, struct fault *f)
{
	const char *path = in(j, j->dir, ROWS);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (!to)
		return fault_set(f, RC_IO, "%s: %s", path, strerror(errno));
	enum rc rc = db->impl->control(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f);
	if (rc == RC_OK)
		rc = facts_read(db, &j->arena, &j->manifest.facts, f);
	if (rc == RC_OK)
		rc = row_file_write(db, to, f);
	if (rc == RC_OK)
		rc = db->impl->control(db, "COMMIT", f);
	if (rc == RC_OK && (fflush(to) != 0 || fsync(fd) != 0))
		rc = fault_set(f, RC_IO, "%s: %s", path, strerror(errno));
	fclose(to);
	return rc;
}

/* Of the copy, not of what goes on beside it. */
static enum rc read_facts(struct job *j, const char *path, struct facts *ret, struct fault *f)
{
	auto_of(store) struct store *copy = NULL;
	auto_conn db = NULL;

	enum rc rc = sqlite_open_copy(path, &copy, f);
	if (rc == RC_OK)
		rc = store_connect(copy, STORE_READ, &db, f);
	return rc == RC_OK ? facts_read(db, &j->arena, ret, f) : rc;
}

static enum rc copy_database(struct job *j, struct store_conn *db, struct fault *f)
{
	const char *path = in(j, j->dir, DATABASE);
	enum rc rc = store_copy(db, path, f);
	return rc == RC_OK ? read_facts(j, path, &j->manifest.facts, f) : rc;
}

static enum rc make_folder(const char *dir, struct fault *f)
{
	enum rc rc = file_mkdirs(dir, 0700, f);
	if (rc == RC_OK && rmdir(dir) != 0 && errno == ENOTEMPTY)
		return fault_set(f, RC_EXISTS, "%s is not empty: give a folder that is not there yet", dir);
	return rc == RC_OK ? file_mkdirs(dir, 0700, f) : rc;
}

static enum rc create(struct job *j, struct fault *f)
{
	auto_of(store) struct store *store = NULL;
	auto_conn db = NULL;
	struct backup_file *file = arena_take(&j->arena, sizeof(*file));
	bool is_file = false;

	if (!file)
		return RC_NOMEM;
	enum rc rc = open_database(j, &store, f);
	if (rc == RC_OK)
		is_file = store->impl->copy != NULL;
	j->manifest = (struct backup_manifest){ .format = BACKUP_FORMAT,
		.made_by = FOOTPLATE_VERSION,
		.kind = is_file ? "sqlite" : "rows",
		.made_ms = clock_wall_ms() };
	if (rc == RC_OK)
		rc = store_connect(store, STORE_READ, &db, f);
	if (rc == RC_OK)
		rc = make_folder(j->dir, f);
	if (rc == RC_OK)
		rc = is_file ? copy_database(j, db, f) : copy_rows(j, db, f);
	if (rc == RC_OK)
		rc = backup_manifest_file_sum(j->dir, is_file ? DATABASE : ROWS, &j->arena, file, f);
	if (rc != RC_OK)
		return rc;
	j->manifest.engine = store->impl->name;
	j->manifest.files = (struct field_list){ file, 1 };
	rc = backup_manifest_write(j->dir, &j->manifest, f);
	if (rc == RC_OK)
		printf("backup %s: %lld bytes, schema %lld, events up to %s:%lld\n", j->dir, (long long)file->bytes,
			(long long)j->manifest.facts.schema, j->manifest.facts.epoch,
			(long long)j->manifest.facts.last);
	return rc;
}

/* ---- verify ---- */

static enum rc same_counts(struct job *j, const struct facts *is, struct fault *f)
{
	const struct facts_table *want = j->manifest.facts.tables.at, *has = is->tables.at;

	for (size_t i = 0; i < j->manifest.facts.tables.n; i++) {
		int64_t rows = -1;
		for (size_t k = 0; k < is->tables.n; k++)
			if (!strcmp(has[k].name, want[i].name))
				rows = has[k].rows;
		if (rows != want[i].rows)
			return fault_set(f, RC_CONFLICT, "the table %s has %lld rows, the manifest says %lld",
				want[i].name, (long long)rows, (long long)want[i].rows);
	}
	if (is->last != j->manifest.facts.last || strcmp(is->epoch, j->manifest.facts.epoch) != 0)
		return fault_set(f, RC_CONFLICT, "the event log is not the one of the manifest");
	return RC_OK;
}

static enum rc check(struct job *j, struct store_conn *db, struct fault *f)
{
	const char *words = "";
	struct facts is = { 0 };
	unsigned wrong = 0;

	enum rc rc = facts_read(db, &j->arena, &is, f);
	if (rc == RC_OK)
		rc = same_counts(j, &is, f);
	if (rc == RC_OK)
		rc = facts_check(db, &j->arena, &wrong, &words, f);
	return rc == RC_OK && wrong ? fault_set(f, RC_CONFLICT, "%s", words) : rc;
}

static enum rc same_schema(struct store_conn *db, struct job *j, struct fault *f)
{
	struct facts ours = { 0 };
	enum rc rc = facts_read(db, &j->arena, &ours, f);
	if (rc == RC_OK && ours.schema != j->manifest.facts.schema)
		return fault_set(f, RC_INVALID,
			"the backup has schema %lld, this program %lld: use footplate %s, which made it, and "
			"upgrade after",
			(long long)j->manifest.facts.schema, (long long)ours.schema, j->manifest.made_by);
	return rc;
}

/* The rows of the backup into a database that is made for them. */
static enum rc fill(struct job *j, struct store_conn *db, struct fault *f)
{
	const char *path = in(j, j->dir, ROWS);
	size_t ran = 0;

	enum rc rc = migrate_run(db, &ran, f);
	if (rc == RC_OK)
		rc = same_schema(db, j, f);
	if (rc != RC_OK)
		return rc;
	FILE *from = fopen(path, "re");
	if (!from)
		return fault_set(f, RC_IO, "%s: %s", path, strerror(errno));
	rc = row_file_read(db, from, f);
	fclose(from);
	return rc;
}

/* A database of rows is read into one for a moment: that it can be is what is proven. */
static enum rc verify_rows(struct job *j, struct fault *f)
{
	char scratch[] = "/tmp/footplate-verify-XXXXXX";
	auto_of(store) struct store *store = NULL;
	struct store_conn *db = NULL;

	if (!mkdtemp(scratch))
		return fault_set(f, RC_IO, "no folder for a moment: %s", strerror(errno));
	const char *path = in(j, scratch, DATABASE);
	enum rc rc = sqlite_open(path, &store, f);
	if (rc == RC_OK)
		rc = store_connect(store, STORE_WRITE, &db, f);
	if (rc == RC_OK)
		rc = fill(j, db, f);
	if (rc == RC_OK)
		rc = check(j, db, f);
	store_disconnect(db);
	unlink(path);
	unlink(in(j, scratch, DATABASE "-wal"));
	unlink(in(j, scratch, DATABASE "-shm"));
	rmdir(scratch);
	return rc;
}

static enum rc verify_database(struct job *j, struct fault *f)
{
	auto_of(store) struct store *copy = NULL;
	auto_conn db = NULL;

	enum rc rc = sqlite_open_copy(in(j, j->dir, DATABASE), &copy, f);
	if (rc == RC_OK)
		rc = store_connect(copy, STORE_READ, &db, f);
	return rc == RC_OK ? check(j, db, f) : rc;
}

static enum rc verify(struct job *j, struct fault *f)
{
	enum rc rc = backup_manifest_read(j->dir, &j->arena, &j->manifest, f);
	if (rc == RC_OK)
		rc = backup_manifest_files_check(j->dir, &j->manifest, &j->arena, f);
	if (rc == RC_OK)
		rc = strcmp(j->manifest.kind, "sqlite") ? verify_rows(j, f) : verify_database(j, f);
	return rc;
}

static enum rc verify_and_tell(struct job *j, struct fault *f)
{
	char when[WHEN_MAX];
	enum rc rc = verify(j, f);

	if (rc != RC_OK)
		return rc;
	when_text(when, j->manifest.made_ms);
	printf("backup %s is whole: of %s, schema %lld, %zu tables, master key %s\n", j->dir, when,
		(long long)j->manifest.facts.schema, j->manifest.facts.tables.n, j->manifest.facts.master_key);
	return RC_OK;
}

/* ---- restore ---- */

static enum rc copy_file(const char *from, const char *to, struct fault *f)
{
	char chunk[65536];
	ssize_t n = 0;
	auto_close int in_fd = open(from, O_RDONLY | O_CLOEXEC);
	if (in_fd < 0)
		return fault_set(f, RC_IO, "%s: %s", from, strerror(errno));
	auto_close int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return fault_set(f, errno == EEXIST ? RC_EXISTS : RC_IO, "%s: %s", to, strerror(errno));
	while ((n = read(in_fd, chunk, sizeof(chunk))) > 0)
		if (write(out, chunk, (size_t)n) != n)
			return fault_set(f, RC_IO, "%s: %s", to, strerror(errno));
	return n < 0 || fsync(out) != 0 ? fault_set(f, RC_IO, "%s: %s", to, strerror(errno)) : RC_OK;
}

static enum rc mark(struct job *j, struct store *store, struct fault *f)
{
	auto_conn db = NULL;
	enum rc rc = store_connect(store, STORE_WRITE, &db, f);
	return rc == RC_OK ? heal_mark(db, j->manifest.made_ms, clock_wall_ms(), f) : rc;
}

/* Under a name of its own until it is whole: a start never finds half of it. */
static enum rc restore_file(struct job *j, struct fault *f)
{
	const char *there = in(j, j->conf.data.dir, DATABASE),
		   *half = in(j, j->conf.data.dir, DATABASE ".restoring");
	auto_of(store) struct store *store = NULL;

	if (strcmp(j->manifest.kind, "sqlite") != 0)
		return fault_set(f, RC_INVALID, "the backup is of %s: name such a database (DATABASE_URL)",
			j->manifest.engine);
	if (access(there, F_OK) == 0 || access(in(j, j->conf.data.dir, DATABASE "-wal"), F_OK) == 0)
		return fault_set(f, RC_EXISTS,
			"%s has a database already: stop the control plane, and move footplate.db, -wal and -shm "
			"away",
			j->conf.data.dir);
	enum rc rc = file_mkdirs(j->conf.data.dir, 0700, f);
	unlink(half);
	if (rc == RC_OK)
		rc = copy_file(in(j, j->dir, DATABASE), half, f);
	if (rc == RC_OK)
		rc = sqlite_open(half, &store, f);
	if (rc == RC_OK)
		rc = mark(j, store, f);
	if (rc == RC_OK && rename(half, there) != 0)
		rc = fault_set(f, RC_IO, "%s: %s", there, strerror(errno));
	return rc;
}

static enum rc restore_rows(struct job *j, struct fault *f)
{
	auto_of(store) struct store *store = NULL;
	const char **names = NULL;
	auto_conn db = NULL;
	size_t n = 0;

	if (strcmp(j->manifest.kind, "rows") != 0)
		return fault_set(f, RC_INVALID,
			"the backup is of SQLite: it is put back into data.dir, without a database URL");
	enum rc rc = open_database(j, &store, f);
	if (rc == RC_OK)
		rc = store_connect(store, STORE_WRITE, &db, f);
	if (rc == RC_OK)
		rc = facts_tables(db, &j->arena, &names, &n, f);
	if (rc == RC_OK && n > 0)
		return fault_set(f, RC_EXISTS, "the database has tables already: give one that is empty");
	if (rc == RC_OK)
		rc = fill(j, db, f);
	return rc == RC_OK ? heal_mark(db, j->manifest.made_ms, clock_wall_ms(), f) : rc;
}

static enum rc restore(struct job *j, struct fault *f)
{
	char when[WHEN_MAX];
	enum rc rc = verify(j, f);

	if (rc == RC_OK)
		rc = database_named(&j->conf) ? restore_rows(j, f) : restore_file(j, f);
	if (rc != RC_OK)
		return rc;
	when_text(when, j->manifest.made_ms);
	printf("restored to %s. It needs the master key %s. At the next start agents are fenced, and what may have "
	       "been done "
	       "since waits for a person.\nKeys and agents that were revoked after the backup are good again: "
	       "revoke them "
	       "once more.\n",
		when, j->manifest.facts.master_key);
	return RC_OK;
}

/* A database that was put back by other means. */
static enum rc restored(struct job *j, struct fault *f)
{
	auto_of(store) struct store *store = NULL;
	enum rc rc = open_database(j, &store, f);

	if (rc == RC_OK)
		rc = mark(j, store, f);
	if (rc == RC_OK)
		puts("marked: the next start fences agents and gives the event log a new epoch");
	return rc;
}

/* ---- the verbs ---- */

static const struct {
	const char *name, *flag; /* the flag that names the folder; NULL: none */
	enum rc (*run)(struct job *j, struct fault *f);
} verbs[] = {
	{ "create", "--to", create },
	{ "verify", "--from", verify_and_tell },
	{ "restore", "--from", restore },
	{ "restored", NULL, restored },
};

static int usage(void)
{
	fputs("usage: footplate server backup create --to DIR | verify --from DIR | restore --from DIR | restored\n"
	      "       with the flags of serve, after --to or --from\n",
		stderr);
	return 2;
}

int backup_main(int argc, char **argv)
{
	struct job j = { 0 };
	struct fault f = { 0 };
	size_t i = 0;
	int left = 0, used = 2;

	while (argc > 1 && i < sizeof(verbs) / sizeof(*verbs) && strcmp(argv[1], verbs[i].name) != 0)
		i++;
	if (argc < 2 || i == sizeof(verbs) / sizeof(*verbs))
		return usage();
	if (verbs[i].flag) {
		if (argc < 4 || strcmp(argv[2], verbs[i].flag) != 0)
			return usage();
		j.dir = argv[3];
		used = 4;
	}
	enum rc rc = conf_load(argc - used, argv + used, &j.arena, &j.conf, &left, &f);
	if (rc == RC_OK && left < argc - used)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[used + left]);
	bool read = rc == RC_OK;
	if (rc == RC_OK)
		rc = verbs[i].run(&j, &f);
	if (rc != RC_OK)
		fprintf(stderr, "footplate server backup %s: %s\n", verbs[i].name, *f.text ? f.text : rc_title(rc));
	arena_done(&j.arena);
	return rc == RC_OK ? 0 : read ? 1 : 2;
}
