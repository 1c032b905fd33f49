/* The store drivers against the suite of their contract, and what each engine can show alone. */
#include "driver/store/sqlite.h"
#include "tests/contract/store_suite.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char folder[] = "/tmp/footplate-store-XXXXXX";
static char path[128];

static const char *in_folder(const char *name)
{
	static char at[160];
	snprintf(at, sizeof(at), "%s/%s", folder, name);
	return at;
}

static struct store *open_at(const char *file)
{
	struct store *s = NULL;
	struct fault f = { 0 };
	enum rc rc = sqlite_open(file, &s, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
	return s;
}

static struct store *open_subject(void) { return open_at(path); }

/* How far one comes with a file: to the first failure's rc, with its fault. */
static enum rc reach(const char *file, struct fault *f)
{
	struct store *s = NULL;
	struct store_conn *c = NULL;
	enum rc rc = sqlite_open(file, &s, f);

	if (rc == RC_OK)
		rc = store_connect(s, STORE_WRITE, &c, f);
	CHECK(rc == RC_OK || (f->rc == rc && *f->text));
	store_disconnect(c);
	store_free(s);
	return rc;
}

static void for_its_owner_alone(void)
{
	struct stat st;
	const mode_t before = umask(0);
	store_free(open_at(in_folder("private.db")));
	CHECK(stat(in_folder("private.db"), &st) == 0 && (st.st_mode & 0777) == 0600);
	umask(before);
}

static void what_cannot_be_opened(void)
{
	struct fault f = { 0 };

	CHECK(reach(in_folder("no/such/folder.db"), &f) == RC_IO && strstr(f.text, "No such file"));
	CHECK(reach(folder, &f) == RC_IO && strstr(f.text, folder));

	int fd = open(in_folder("a.txt"), O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 500; i++)
		CHECK(write(fd, "This is not a database. ", 24) == 24);
	close(fd);
	CHECK(reach(in_folder("a.txt"), &f) == RC_IO && strstr(f.text, "not a database"));
	fd = open(in_folder("a.txt"), O_RDONLY);
	char first[25] = "";
	CHECK(read(fd, first, 24) == 24);
	close(fd);
	CHECK_STR(first, "This is not a database. "); /* it is left as it was */
}

static void read_only_folder(void)
{
	struct fault f = { 0 };
	char inside[160];

	CHECK(mkdir(in_folder("locked"), 0700) == 0);
	snprintf(inside, sizeof(inside), "%s/locked/x.db", folder);
	store_free(open_at(inside));
	CHECK(chmod(inside, 0400) == 0 && chmod(in_folder("locked"), 0500) == 0);
	bool root = geteuid() == 0; /* whom no mode bits stop */
	if (root) {
		CHECK(chmod(folder, 0755) == 0 && chown(in_folder("locked"), 65534, 65534) == 0);
		CHECK(chown(inside, 65534, 65534) == 0 && seteuid(65534) == 0);
	}
	CHECK(reach(inside, &f) == RC_IO && strstr(f.text, "cannot be opened for writing"));
	strcpy(strrchr(inside, '/'), "/new.db");
	CHECK(reach(inside, &f) == RC_IO && strstr(f.text, "Permission denied"));
	if (root)
		CHECK(seteuid(0) == 0);
	CHECK(chmod(in_folder("locked"), 0700) == 0);
}

/* Rows are added until the disk is full. What was committed stays, and when there is room again it goes on. */
static void fill(const char *at)
{
	char file[200], ballast[200];
	static char large[20000];
	struct fault f = { 0 };

	snprintf(file, sizeof(file), "%s/full.db", at);
	snprintf(ballast, sizeof(ballast), "%s/ballast", at);
	memset(large, 'x', sizeof(large) - 1);
	int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 50; i++)
		CHECK(write(fd, large, sizeof(large)) == (ssize_t)sizeof(large));
	close(fd);

	struct store *s = open_at(file);
	struct store_conn *c = suite_connect(s, STORE_WRITE);
	suite_words(c, "CREATE TABLE things (note TEXT)");
	int64_t committed = 0;
	enum rc rc = RC_OK;
	for (int turn = 0; turn < 1000 && rc == RC_OK; turn++) {
		suite_begin(c);
		for (int i = 0; i < 5 && rc == RC_OK; i++)
			rc = store_do(c, QUERY("INSERT INTO things (note) VALUES ($1)"),
				STORE_ARGS(store_text(large)), &f);
		if (rc == RC_OK)
			rc = store_commit(c, &f);
		else
			store_rollback(c);
		committed += rc == RC_OK ? 5 : 0;
	}
	CHECK(rc == RC_READ_ONLY && f.rc == RC_READ_ONLY && *f.text && committed > 0);
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things")) == committed);
	CHECK(unlink(ballast) == 0);
	suite_begin(c);
	suite_do(c, QUERY("INSERT INTO things (note) VALUES ('room again')"), STORE_NO_ARGS);
	suite_commit(c);
	store_disconnect(c);
	c = suite_connect(s, STORE_READ);
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things")) == committed + 1);
	store_disconnect(c);
	store_free(s);
}

static void disk_full(void)
{
	char small[160];
	snprintf(small, sizeof(small), "%s/small", folder);
	CHECK(mkdir(small, 0700) == 0);
	/* In a mount namespace of our own: it is gone with us. */
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", small, "tmpfs", 0, "size=4m") != 0) {
		printf("skipped: a full disk: a small tmpfs cannot be mounted here: %s\n", strerror(errno));
		return;
	}
	fill(small);
	CHECK(umount(small) == 0);
}

struct holder {
	struct store *store;
	struct store_conn *conn;
	enum rc rc;
};

static void *begin_and_wait(void *arg)
{
	struct holder *h = arg;
	struct fault f;
	h->rc = store_begin(h->conn, &f);
	return NULL;
}

/* A writer waits for the one before it; when that one does not end, it is told so. */
static void one_writer_at_a_time(void)
{
	struct store *s = open_subject();
	struct store_conn *first = suite_connect(s, STORE_WRITE), *reader;
	struct holder second = { .store = s, .conn = suite_connect(s, STORE_WRITE) };
	pthread_t thread;

	suite_begin(first);
	CHECK(pthread_create(&thread, NULL, begin_and_wait, &second) == 0);
	reader = suite_connect(s, STORE_READ); /* readers come and go meanwhile */
	CHECK(suite_int(reader, QUERY("SELECT n FROM counter")) == 0);
	store_disconnect(reader);
	usleep(200000); /* so that the other is likely to wait by now: one that does not is refused */
	suite_commit(first);
	pthread_join(thread, NULL);
	CHECK(second.rc == RC_OK);
	store_rollback(second.conn);

	suite_begin(first); /* and is held until the other has given up */
	suite_do(first, QUERY("UPDATE counter SET n = 7"), STORE_NO_ARGS);
	CHECK(pthread_create(&thread, NULL, begin_and_wait, &second) == 0);
	pthread_join(thread, NULL);
	CHECK(second.rc == RC_OVERLOADED);
	suite_commit(first);
	suite_begin(second.conn);
	suite_do(second.conn, QUERY("UPDATE counter SET n = n + 1"), STORE_NO_ARGS);
	suite_commit(second.conn);
	CHECK(suite_int(first, QUERY("SELECT n FROM counter")) == 8);
	store_disconnect(first);
	store_disconnect(second.conn);
	store_free(s);
}

static void which_argument(void)
{
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_READ);
	const struct store_query *q = QUERY("SELECT n FROM counter WHERE n = $1 AND n < $2");
	struct store_value all[65];
	struct store_rows *none = NULL;
	struct fault f = { 0 };

	for (int i = 0; i < 65; i++)
		all[i] = store_int(i);
	CHECK(store_run(c, q, STORE_ARGS(store_int(1)), &none, &f) == RC_INTERNAL);
	CHECK(!strncmp(f.text, "argument 2 is missing: SELECT n FROM", 36));
	CHECK(store_run(c, q, ((struct store_args){ all, 3 }), &none, &f) == RC_INTERNAL);
	CHECK(!strncmp(f.text, "argument 3 does not fit: SELECT n FROM", 38));
	CHECK(store_run(c, q, ((struct store_args){ all, 65 }), &none, &f) == RC_INTERNAL);
	CHECK_STR(f.text, "a query has more than 64 arguments");
	store_disconnect(c);
	store_free(s);
}

static void tidy(void)
{
	char command[200];
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	CHECK(system(command) == 0);
}

int main(void)
{
	const struct store_subject sqlite = { .name = "sqlite", .open = open_subject };

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/suite.db", folder);
	store_suite(&sqlite);
	for_its_owner_alone();
	what_cannot_be_opened();
	read_only_folder();
	one_writer_at_a_time();
	which_argument();
	disk_full();
	tidy();
	return 0;
}
