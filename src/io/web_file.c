#include "io/web_file.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/web_request.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW  (1u << 20) /* is read by a worker at once */
#define AHEAD   (4u << 20) /* that much may lie ready */
#define TURN    (1u << 20) /* goes out before other connections have their turn */
#define THREADS 2
#define QUEUE   4096
#define STEP    65536

/* One answer on its way. Freed when the connection has let go of it, and the worker. */
struct sending {
	struct web_conn *conn; /* NULL: it let go */
	struct web_file file;
	uint64_t at, end, warm; /* up to `warm` is in the page cache */
	bool keep;
	bool reading, broken; /* with the worker; the file ended early */
	struct loop *loop;
	struct pool_job job;
	struct loop_job back;
};

static void free_it(struct sending *s)
{
	if (s->conn || s->reading)
		return;
	close(s->file.fd);
	if (s->file.over)
		s->file.over(s->file.ctx, s->at - s->file.from);
	free(s);
}

/* ---- worker ---- */

static bool read_through(int fd, uint64_t from, uint64_t n)
{
	char step[STEP];

	while (n > 0) {
		ssize_t got = pread(fd, step, n < STEP ? n : STEP, (off_t)from);
		if (got <= 0)
			return false;
		from += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return true;
}

static bool have_read(int fd, uint64_t from, uint64_t n)
{
	uint64_t slack = from % (uint64_t)sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, n + slack, PROT_READ, MAP_SHARED, fd, (off_t)(from - slack));

	if (at == MAP_FAILED)
		return read_through(fd, from, n);
	bool done = madvise(at, n + slack, MADV_POPULATE_READ) == 0;
	munmap(at, n + slack);
	return done || read_through(fd, from, n);
}

static void work(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct sending *s = list_of(jobs[i], struct sending, job);
		uint64_t left = s->end - s->warm;
		s->broken = !have_read(s->file.fd, s->warm, left < WINDOW ? left : WINDOW);
		loop_post(s->loop, &s->back);
	}
}

static void on_read(struct loop_job *job)
{
	struct sending *s = list_of(job, struct sending, back);
	uint64_t left = s->end - s->warm;

	s->reading = false;
	s->warm += left < WINDOW ? left : WINDOW;
	if (!s->conn)
		free_it(s);
	else if (s->broken)
		web_conn_kill(s->conn); /* the length was promised */
	else
		web_conn_push(s->conn);
}

/* Is all of it in the page cache already? Looking is cheap: nothing is mapped in, and no other thread has to be waited for. */
static bool is_ready(int fd, uint64_t from, uint64_t n)
{
	unsigned char pages[WINDOW / 4096 + 2];
	uint64_t slack = from % 4096, all = (n + slack + 4095) / 4096;
	void *at = all <= sizeof(pages) ? mmap(NULL, n + slack, PROT_READ, MAP_SHARED, fd, (off_t)(from - slack))
					: MAP_FAILED;

	if (at == MAP_FAILED)
		return false;
	bool ready = mincore(at, n + slack, pages) == 0;
	munmap(at, n + slack);
	for (uint64_t i = 0; i < all && ready; i++)
		ready = pages[i] & 1;
	return ready;
}

static bool ask(struct sending *s)
{
	struct web_server *server = s->conn->server;
	const struct pool_conf conf = {
		.name = "file", .threads = THREADS, .batch_max = 1, .queue_max = QUEUE, .run = work
	};

	if (s->reading || s->warm >= s->end || s->warm >= s->at + AHEAD)
		return true;
	uint64_t left = s->end - s->warm;
	uint64_t n = left < WINDOW ? left : WINDOW;
	if (is_ready(s->file.fd, s->warm, n)) {
		s->warm += n;
		return true;
	}
	if (!server->files && pool_new(&conf, &server->files, NULL) != RC_OK)
		return false;
	s->reading = pool_push(server->files, &s->job) == RC_OK;
	return s->reading;
}

/* ---- loop ---- */

static size_t keep_for_later(struct web_conn *c, uint8_t *p, size_t n) /* NOLINT(readability-non-const-parameter) */
{
	(void)c, (void)p, (void)n;
	return 0; /* the next request waits */
}

static void finish(struct web_conn *c, struct sending *s)
{
	bool keep = s->keep;

	c->of_mode = NULL;
	s->conn = NULL;
	free_it(s);
	web_request_next(c, keep);
}

/* What lies ready goes out, as far as the client takes it. */
static void pump(struct web_conn *c)
{
	struct sending *s = c->of_mode;
	uint64_t turn = s->at + TURN;

	if (!ask(s)) {
		web_conn_kill(c); /* too many want files: this one comes again */
		return;
	}
	while (s->at < s->warm && s->at < turn) {
		ssize_t n = web_conn_file(c, s->file.fd, s->at, s->warm - s->at);
		if (n < 0) {
			web_conn_kill(c);
			return;
		}
		if (n == 0)
			return;
		s->at += (uint64_t)n;
		if (web_conn_queued(c) > 0)
			break; /* with TLS: it leaves from there */
	}
	if (s->at == s->end && web_conn_queued(c) == 0)
		finish(c, s);
	else if ((s->at < s->warm || !s->reading) && web_conn_queued(c) == 0)
		web_conn_wait(c); /* others first */
}

static void end_it(struct web_conn *c) { web_conn_kill(c); }

static void lose(struct web_conn *c)
{
	struct sending *s = c->of_mode;

	if (!s)
		return;
	s->conn = NULL;
	free_it(s);
}

static const struct web_conn_mode files = { keep_for_later, pump, end_it, lose };

static void begin(struct web_request *r, struct sending *s, int status, const struct web_header *headers)
{
	bool head = !strcmp(web_view(r)->method, "HEAD");

	s->keep = web_request_keeps(r);
	struct web_conn *c = web_request_answer(r, status, headers, s->file.n);
	if (c && (head || s->file.n == 0)) {
		web_request_next(c, s->keep);
		web_conn_push(c);
	} else if (c) {
		s->conn = c;
		s->loop = c->loop;
		s->back.run = on_read;
		web_conn_change(c, &files, s);
		web_conn_push(c);
	}
	free_it(s); /* unless a connection has it */
	web_request_free(r);
}

void web_file(struct web_request *r, int status, const struct web_header *headers, const struct web_file *take_file)
{
	struct sending *s = calloc(1, sizeof(*s));

	if (s) {
		s->file = *take_file;
		s->at = s->warm = take_file->from;
		s->end = take_file->from + take_file->n;
		begin(r, s, status, headers);
		return;
	}
	close(take_file->fd);
	if (take_file->over)
		take_file->over(take_file->ctx, 0);
	web_reply(r, 503, NULL, NULL, 0);
}
