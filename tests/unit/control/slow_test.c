/*
 * What comes before a write (route.before): on threads of its own kind, so many and no more; what it found reaches the write;
 * the right to do it is asked for twice; nobody's request is not worked on; the end does not wait for what waits. And what
 * else an answer can have: cookies, a way on for a browser, an error that keeps what was done.
 */
#include "base/log.h"
#include "control/access/keys_hash.h"
#include "control/http/serve.h"
#include "control/http/twins.h"
#include "control/http/waits.h"
#include "control/reader.h"
#include "control/writer.h"
#include "model/apikey.h"

#include "tests/unit/control/desk.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#define WAITING (READER_SLOW_THREADS + READER_SLOW_QUEUE_MAX)

static struct desk d;
static char secret[APIKEY_MAX];
static sem_t inside, go;
static _Atomic int begun, ran;

struct form {
	const char *word;
};
static const struct field form_fields[] = {
	{ .name = "word", .type = FIELD_STR, FIELD_AT(struct form, word), .flags = FIELD_REQUIRED, .max = 20 },
	{ 0 }
};
struct said {
	const char *text;
};
static const struct field said_fields[] = { { .name = "text", .type = FIELD_STR, FIELD_AT(struct said, text) },
	{ 0 } };

static enum rc look(struct call *c)
{
	const struct form *in = c->in;
	c->found = arena_fmt(c->tx.arena, "found %s", in->word);
	return c->found ? RC_OK : RC_NOMEM;
}

static enum rc tell(struct call *c, void *ret_out)
{
	atomic_fetch_add(&ran, 1);
	((struct said *)ret_out)->text = c->found;
	return RC_OK;
}

static enum rc refuse(struct call *c) { return fault_set(c->tx.fault, RC_DENIED, "not today"); }

static enum rc hold(struct call *c)
{
	(void)c;
	atomic_fetch_add(&begun, 1);
	sem_post(&inside);
	sem_wait(&go);
	return RC_OK;
}

static enum rc nothing(struct call *c, void *ret_out)
{
	(void)c, (void)ret_out;
	atomic_fetch_add(&ran, 1);
	return RC_OK;
}

static enum rc count_it(struct call *c, void *ret_out)
{
	(void)ret_out;
	c->refuse = fault_set(c->tx.fault, RC_UNAUTHENTICATED, "wrong, and counted");
	return store_do(c->tx.db, DESK_QUERY("INSERT INTO meta (name, value) VALUES ('counted', '1')"),
		STORE_NO_ARGS, c->tx.fault);
}

static enum rc go_on(struct call *c, void *ret_out)
{
	(void)ret_out;
	c->status = 303;
	c->location = arena_fmt(c->tx.arena, "https://idp.test/%0300d", 7);
	c->set_cookie[0] = "a=1; Path=/";
	c->set_cookie[1] = "b=2; Path=/";
	c->set_cookie[2] = c->cookies;
	return RC_OK;
}

#define POST(path_, scope_, reach_, before_, run_)                                                        \
	{                                                                                                 \
		.name = path_, .method = "POST", .path = path_, .scope = scope_, .reach = REACH_##reach_, \
		.flags = ROUTE_WRITE, .before = before_, .run = run_                                      \
	}
static const struct route rows[] = {
	{ .name = "look",
		.method = "POST",
		.path = "/look",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_FORM | ROUTE_LENIENT,
		.in = form_fields,
		.in_size = sizeof(struct form),
		.out = said_fields,
		.out_size = sizeof(struct said),
		.before = look,
		.run = tell },
	POST("/refuse", SCOPE_NONE, OPEN, refuse, nothing),
	POST("/hold", SCOPE_NONE, OPEN, hold, nothing),
	POST("/held", SCOPE_JOBS_WRITE, TENANT, hold, nothing),
	POST("/known", SCOPE_NONE, SELF, NULL, nothing),
	POST("/count", SCOPE_NONE, OPEN, NULL, count_it),
	POST("/on", SCOPE_NONE, OPEN, NULL, go_on),
	{ 0 },
};
static const struct route *const tables[] = { rows, NULL };

static void *turn(void *loop)
{
	loop_run(loop);
	return NULL;
}

static int ask(const char *path, const char *more, const char *body)
{
	char text[1024];
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(web_server_port(d.control.server)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0 && connect(fd, (void *)&to, sizeof(to)) == 0);
	int n = snprintf(text, sizeof(text),
		"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", path,
		strlen(body), more, body);
	CHECK(write(fd, text, (size_t)n) == n);
	return fd;
}

/* The whole answer; the next call forgets it. */
static const char *hear(int fd)
{
	static char text[4096];
	size_t n = 0;
	for (ssize_t k; n < sizeof(text) - 1 && (k = read(fd, text + n, sizeof(text) - 1 - n)) > 0;)
		n += (size_t)k;
	text[n] = 0;
	close(fd);
	return text;
}

static bool has(const char *answer, const char *a, const char *b)
{
	if (strstr(answer, a) && strstr(answer, b))
		return true;
	fprintf(stderr, "%s\n", answer);
	return false;
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void answers(void)
{
	CHECK(has(hear(ask("/look", FORM, "word=a+b%21&other=1")), " 200 ", "{\"text\":\"found a b!\"}"));
	CHECK(has(hear(ask("/look", FORM, "other=1")), " 422 ", "word"));
	CHECK(has(hear(ask("/look", FORM, "word=a&word=b")), " 422 ", "twice"));
	CHECK(has(hear(ask("/look", FORM, "word=%zz")), " 400 ", "escape"));
	CHECK(has(hear(ask("/look", "Content-Type: application/json\r\n", "{\"word\":\"a\"}")), " 415 ",
		"urlencoded"));
	CHECK(ran == 1);
	CHECK(has(hear(ask("/refuse", "", "")), " 403 ", "not today") && ran == 1);
	CHECK(has(hear(ask("/known", "", "")), " 401 ", "unauthenticated") && ran == 1);
	CHECK(has(hear(ask("/count", "", "")), " 401 ", "wrong, and counted"));
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM meta WHERE name = 'counted'"), NULL, NULL) == 1);
	const char *on = hear(ask("/on", "Cookie: c=3; d=4\r\n", ""));
	CHECK(has(on, " 303 See Other", "location: https://idp.test/") &&
		has(on, "0007\r\n", "set-cookie: a=1; Path=/\r\n"));
	CHECK(has(on, "set-cookie: b=2; Path=/\r\n", "set-cookie: c=3; d=4\r\n"));
}

/* A right that is lost while `before` works is lost for the write. */
static void twice(void)
{
	char bearer[128];

	snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s\r\n", secret);
	ran = 0;
	int a = ask("/held", bearer, "");
	sem_wait(&inside);
	sem_post(&go);
	CHECK(has(hear(a), " 200 ", "\r\n") && ran == 1);
	a = ask("/held", bearer, "");
	sem_wait(&inside);
	desk_begin(&d);
	CHECK(store_do(d.tx.db, DESK_QUERY("UPDATE api_keys SET revoked_at = 1"), STORE_NO_ARGS, &d.fault) ==
		RC_OK);
	desk_commit(&d);
	sem_post(&go);
	CHECK(has(hear(a), " 401 ", "revoked") && ran == 1);
}

/* The next one that comes is told that there is no room; the others are not kept waiting by them. */
static void crowd(void)
{
	int fds[WAITING], gone[3];

	ran = begun = 0;
	for (int i = 0; i < READER_SLOW_THREADS; i++) {
		fds[i] = ask("/hold", "", "");
		sem_wait(&inside);
	}
	for (int i = 0; i < 3; i++)
		gone[i] = ask("/hold", "", "");
	for (int i = READER_SLOW_THREADS; i < WAITING - 3; i++)
		fds[i] = ask("/hold", "", "");
	while (pool_waiting(d.control.slow_readers) < READER_SLOW_QUEUE_MAX)
		usleep(1000);
	CHECK(has(hear(ask("/hold", "", "")), " 503 ", "overloaded"));
	CHECK(has(hear(ask("/on", "", "")), " 303 ", "location"));
	for (int i = 0; i < 3; i++)
		close(gone[i]);
	while (web_server_open(d.control.server) > WAITING - 3)
		usleep(1000);
	for (int i = 0; i < WAITING - 3; i++)
		sem_post(&go);
	for (int i = 0; i < WAITING - 3; i++)
		CHECK(has(hear(fds[i]), " 200 ", "\r\n"));
	CHECK(begun == WAITING - 3 && ran == WAITING - 3);
	while (sem_trywait(&inside) == 0)
		;
}

static int waiting[10];

static void end(pthread_t loop)
{
	ran = begun = 0;
	for (int i = 0; i < 10; i++)
		waiting[i] = ask("/hold", "", "");
	for (int i = 0; i < READER_SLOW_THREADS; i++)
		sem_wait(&inside);
	while (pool_waiting(d.control.slow_readers) < 10 - READER_SLOW_THREADS)
		usleep(1000);
	atomic_store(&d.control.draining, true);
	for (int i = 0; i < 10; i++)
		sem_post(&go);
	pool_free(take(d.control.slow_readers));
	int done = 0, refused = 0;
	for (int i = 0; i < 10; i++)
		*(strstr(hear(waiting[i]), " 200 ") ? &done : &refused) += 1;
	CHECK(done == READER_SLOW_THREADS && refused == 10 - READER_SLOW_THREADS);
	CHECK(begun == READER_SLOW_THREADS && ran == READER_SLOW_THREADS);
	pool_free(take(d.control.writer));
	pool_free(take(d.control.readers));
	loop_stop(d.control.loop);
	pthread_join(loop, NULL);
	web_server_free(take(d.control.server));
	twins_free(take(d.control.twins));
	waits_free(take(d.control.waits));
	loop_free(take(d.control.loop));
}

static void add_key(void)
{
	char hash[KEYS_HASH_MAX];
	uint8_t random[APIKEY_RANDOM] = { 1, 2, 3 };

	apikey_make(secret, "live", random);
	keys_hash(&d.control, secret, hash);
	desk_begin(&d);
	CHECK(store_do(d.tx.db,
		      DESK_QUERY("INSERT INTO api_keys (id, name, hash, prefix, last4, scopes, expires_at, "
				 "revoked_at, "
				 "created_by, created_at, tenant_id) VALUES ('apk_1', 'k', $1, '', '', "
				 "'[\"jobs:write\"]', "
				 "0, 0, '', 1, 'ten_default')"),
		      STORE_ARGS(store_text(hash)), &d.fault) == RC_OK);
	desk_commit(&d);
}

static void drop(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static int64_t no_time(void) { return 0; }

int main(void)
{
	static struct log log = { .level = LOG_LEVEL_ERROR, .now_ms = no_time, .write = drop };
	pthread_t loop;

	sem_init(&inside, 0, 0);
	sem_init(&go, 0, 0);
	desk_open(&d);
	add_key();
	d.control.log = &log;
	d.control.routes = tables;
	CHECK(loop_new(&log, &d.control.loop, NULL) == RC_OK);
	CHECK(reader_start(&d.control, &d.fault) == RC_OK && writer_start(&d.control, &d.fault) == RC_OK);
	CHECK(serve_start(&d.control, &d.fault) == RC_OK);
	CHECK(web_server_new(d.control.loop,
		      &(struct web_server_conf){
			      .host = "127.0.0.1", .ctx = &d.control, .on_request = serve_request },
		      &d.control.server, &d.fault) == RC_OK);
	pthread_create(&loop, NULL, turn, d.control.loop);
	answers();
	twice();
	crowd();
	end(loop);
	desk_close(&d);
	return 0;
}
