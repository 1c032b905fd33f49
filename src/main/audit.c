#include "main/audit.h"
#include "control/audit/checkpoints.h"
#include "control/audit/verify_store.h"
#include "control/audit/verify_text.h"
#include "driver/store/sqlite.h"
#include "io/file.h"
#include "main/conf.h"
#include "main/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_MAX ((size_t)4 << 30)
#define NOTES_MAX  ((size_t)256 << 20)
#define KEY_MAX    4096

/* One run. */
struct job {
	struct arena arena;
	struct conf conf;
	const char *export_file, *database, *checkpoints, *anchors, *key;
};

/* Takes a flag and its value out of the words; the others are the configuration's. NULL: it is not there. */
static const char *take_value(int *argc, char **argv, const char *flag)
{
	const char *found = NULL;
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (i > 0 && i + 1 < *argc && !strcmp(argv[i], flag))
			found = argv[++i];
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return found;
}

static enum rc take_words(struct job *j, int argc, char **argv, struct fault *f)
{
	int left = 0;

	j->export_file = take_value(&argc, argv, "--export");
	j->database = take_value(&argc, argv, "--database");
	j->checkpoints = take_value(&argc, argv, "--checkpoints");
	j->anchors = take_value(&argc, argv, "--anchors");
	j->key = take_value(&argc, argv, "--key");
	enum rc rc = conf_load(argc - 1, argv + 1, &j->arena, &j->conf, &left, f);
	if (rc == RC_OK && left < argc - 1)
		return fault_set(f, RC_INVALID, "unknown word \"%.60s\"", argv[left + 1]);
	return rc;
}

static enum rc connect_to(struct job *j, struct store **ret_store, struct store_conn **ret_db, struct fault *f)
{
	char place[DATABASE_PLACE_MAX];
	enum rc rc;

	if (j->database && access(j->database, F_OK) != 0)
		return fault_set(f, RC_MISSING, "there is no %s", j->database);
	rc = j->database ? sqlite_open(j->database, ret_store, f) : database_open(&j->conf, ret_store, place, f);
	if (rc == RC_OK && !j->database && !database_named(&j->conf) && access(place, F_OK) != 0)
		return fault_set(f, RC_MISSING, "there is no %s: name the database by --database or --data", place);
	return rc == RC_OK ? store_connect(*ret_store, STORE_READ, ret_db, f) : rc;
}

/* The text itself, or a file of it. */
static enum rc read_key(const char *named, struct checkpoint_key *ret, struct fault *f)
{
	struct buf b = { 0 };
	bool file = access(named, F_OK) == 0;
	enum rc rc = file ? file_read(named, KEY_MAX, &b, f) : RC_OK;

	if (rc == RC_OK)
		rc = checkpoint_key_read(file ? buf_text(&b) : named, ret, f);
	buf_done(&b);
	return rc;
}

static void tell(const struct verify_verdict *v, bool own_key)
{
	fwrite(v->words.p, 1, v->words.n, stdout);
	if (v->wrong > VERIFY_WORDS_MAX)
		printf("and %" PRIu64 " more\n", v->wrong - VERIFY_WORDS_MAX);
	printf("records %" PRIu64 ", under %" PRIu64 " signed checkpoints, %" PRIu64 " after the newest of them\n",
		v->records, v->checkpoints, v->uncovered);
	if (v->pruned)
		printf("records 1-%" PRIu64 " were pruned, as record %" PRIu64 " says; their hashes are proven\n",
			v->pruned, v->prune);
	if (own_key)
		puts("note: the key was taken from the database itself; give one that you keep elsewhere by --key");
	if (v->wrong == 0)
		puts("the audit trail is whole");
	else if (v->first)
		printf("THE AUDIT TRAIL IS NOT WHOLE: the first wrong record is %" PRIu64 "\n", v->first);
	else
		puts("THE AUDIT TRAIL IS NOT WHOLE");
}

static enum rc verify_database(struct job *j, const struct checkpoint_key *key, const struct buf *anchors,
	struct verify_verdict *ret, struct fault *f)
{
	auto_of(store) struct store *store = NULL;
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	enum rc rc = connect_to(j, &store, &db, f);

	if (rc == RC_OK) /* as it is at one moment, whatever is written meanwhile */
		rc = db->impl->control(db,
			strcmp(db->impl->name, "sqlite") ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
							 : "BEGIN",
			f);
	return rc == RC_OK ? verify_store(db, key, anchors, ret, f) : rc;
}

static enum rc verify_export(struct job *j, const struct checkpoint_key *key, struct buf *notes,
	struct verify_verdict *ret, struct fault *f)
{
	struct buf file = { 0 };
	enum rc rc = key ? file_read(j->export_file, EXPORT_MAX, &file, f)
			 : fault_set(f, RC_INVALID,
				   "an export needs the public key: --key (footplate audit key prints it)");

	if (rc == RC_OK && j->checkpoints)
		rc = file_read(j->checkpoints, NOTES_MAX, notes, f);
	if (rc == RC_OK && !notes->n)
		rc = fault_set(f, RC_INVALID, "an export is proven by checkpoints: --checkpoints or --anchors");
	if (rc == RC_OK)
		rc = verify_text(&file, notes, key, ret, f);
	buf_done(&file);
	return rc;
}

static enum rc verify(struct job *j, struct verify_verdict *ret, struct fault *f)
{
	struct checkpoint_key key;
	struct buf notes = { 0 };
	enum rc rc = j->key ? read_key(j->key, &key, f) : RC_OK;

	if (rc == RC_OK && j->anchors)
		rc = file_read(j->anchors, NOTES_MAX, &notes, f);
	if (rc == RC_OK && j->export_file)
		rc = verify_export(j, j->key ? &key : NULL, &notes, ret, f);
	else if (rc == RC_OK)
		rc = verify_database(j, j->key ? &key : NULL, j->anchors ? &notes : NULL, ret, f);
	buf_done(&notes);
	return rc;
}

int audit_verify_main(int argc, char **argv)
{
	struct job j = { 0 };
	struct fault f = { 0 };
	struct verify_verdict v = { 0 };
	enum rc rc = take_words(&j, argc, argv, &f);

	if (rc == RC_OK)
		rc = verify(&j, &v, &f);
	if (rc == RC_OK)
		tell(&v, !j.key);
	else
		fprintf(stderr, "footplate: %s\n", *f.text ? f.text : rc_title(rc));
	buf_done(&v.words);
	arena_done(&j.arena);
	return rc != RC_OK ? 2 : v.wrong != 0;
}

static enum rc print_key(struct job *j, struct fault *f)
{
	auto_of(store) struct store *store = NULL;
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	struct checkpoint_key key;
	struct buf text = { 0 };
	enum rc rc = connect_to(j, &store, &db, f);

	if (rc == RC_OK)
		rc = checkpoints_public(db, &key, f);
	if (rc == RC_MISSING && !*f->text)
		fault_set(f, rc, "the audit trail was never signed: start the control plane once");
	if (rc == RC_OK) {
		checkpoint_key_write(&key, &text);
		puts(buf_text(&text));
	}
	buf_done(&text);
	return rc;
}

int audit_key_main(int argc, char **argv)
{
	struct job j = { 0 };
	struct fault f = { 0 };
	enum rc rc = take_words(&j, argc, argv, &f);

	if (rc == RC_OK)
		rc = print_key(&j, &f);
	if (rc != RC_OK)
		fprintf(stderr, "footplate: %s\n", *f.text ? f.text : rc_title(rc));
	arena_done(&j.arena);
	return rc == RC_OK ? 0 : 2;
}
