/*
 * pipeline_bench: how fast chunks go through the agent's pipeline from memory, beside what the machine can do at all.
 *
 *      pipeline_bench ceiling KIND SECONDS FOLDER    every core decrypts and unpacks chunks of a kind, and does nothing else; MB/s of content
 *      pipeline_bench checked KIND SECONDS FOLDER    the same, and checks Adler-32 and SHA-1 as the manifest wants
 *      pipeline_bench pipeline KIND SECONDS FOLDER   the same chunks through the pipeline: fetched (lent by memory), decrypted, unpacked, checked, put
 *      pipeline_bench tmpfs KIND SECONDS FOLDER      the same, put into files in /dev/shm; Gbit/s of content
 *      pipeline_bench memory KIND SECONDS FOLDER     the same, fetched into buffers as from the network; MiB that it takes at most beside what the
 *                                                    process had
 *
 * The folder is of `chunks_bench make`. A chunk that does not decode to what the index says ends it with an error.
 */
#include "agent/content/pipeline.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/pool.h"
#include "wire/steam/chunk.h"
#include "wire/tunnel_auth.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CHUNKS     8
#define CHUNK_SIZE (1u << 20)
#define RUN_CHUNKS 512 /* of one run of the pipeline */
#define THREADS    64
#define FILES      8

struct sample {
	struct buf box;
	uint8_t sha[CHUNK_SHA];
	struct chunk_want want;
};

static struct sample samples[CHUNKS];
static unsigned samples_n;
static uint8_t key[32];
static unsigned cores;
static uint64_t until_us;

static int fail(const char *what, const struct fault *f)
{
	fprintf(stderr, "pipeline_bench: %s: %s\n", what, f->text);
	return 1;
}

static void load(const char *kind, const char *folder, struct fault *f)
{
	struct buf index = { 0 };
	char path[1024], of[8], file[32], hex[64], *rest = NULL;

	snprintf(path, sizeof(path), "%s/index", folder);
	if (file_read(path, 1u << 20, &index, f) != RC_OK)
		return;
	buf_text(&index);
	for (char *line = strtok_r((char *)index.p, "\n", &rest); line && samples_n < CHUNKS;
		line = strtok_r(NULL, "\n", &rest)) {
		struct sample *s = &samples[samples_n];
		if (sscanf(line, "%7s %31s %63s %u %u", of, file, hex, &s->want.adler, &s->want.size) != 5 ||
			strcmp(of, kind) != 0 || !tunnel_auth_of_hex(hex, s->sha, CHUNK_SHA))
			continue;
		s->want.sha = s->sha;
		snprintf(path, sizeof(path), "%s/%s", folder, file);
		samples_n += file_read(path, 2 * CHUNK_SIZE, &s->box, f) == RC_OK;
	}
	buf_done(&index);
}

/* ---- all cores, nothing else ---- */

struct core {
	pthread_t thread;
	bool checks, bad;
	uint64_t bytes;
};

static void *work(void *arg)
{
	struct core *c = arg;
	struct chunk_opener *o = chunk_opener_new();

	for (unsigned i = 0; o && clock_mono_us() < until_us && !c->bad; i++) {
		const struct sample *s = &samples[i % samples_n];
		c->bad = chunk_opener_open(o, key, c->checks ? &s->want : NULL, s->box.p, s->box.n, NULL) != RC_OK;
		c->bytes += s->want.size;
	}
	c->bad |= !o;
	chunk_opener_free(o);
	return NULL;
}

static int ceiling(bool checks, double seconds)
{
	struct core all[THREADS] = { 0 };
	uint64_t began = clock_mono_us(), bytes = 0;
	bool bad = false;

	until_us = began + (uint64_t)(seconds * 1e6);
	for (unsigned i = 0; i < cores; i++) {
		all[i].checks = checks;
		if (pthread_create(&all[i].thread, NULL, work, &all[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < cores; i++) {
		pthread_join(all[i].thread, NULL);
		bytes += all[i].bytes;
		bad |= all[i].bad;
	}
	printf("%.3f\n", (double)bytes / (double)(clock_mono_us() - began));
	return bad;
}

/* ---- the pipeline ---- */

static bool copies;
static int files[FILES] = { -1 };

static enum pipeline_got fetch(void *ctx, struct pipeline_slot *s)
{
	const struct sample *from = &samples[s->i % samples_n];

	(void)ctx;
	s->packed = from->box.p;
	s->packed_n = from->box.n;
	if (!copies)
		return PIPELINE_GOT;
	buf_put(&s->box, from->box.p, from->box.n);
	s->packed = s->box.p;
	return s->box.bad ? PIPELINE_FAIL : PIPELINE_GOT;
}

static bool put(void *ctx, size_t i, const void *plain, size_t n)
{
	(void)ctx;
	return files[0] < 0 || pwrite(files[i % FILES], plain, n, (off_t)(i / FILES * CHUNK_SIZE)) == (ssize_t)n;
}

static struct cdn_want wants[RUN_CHUNKS];

static enum rc rounds(double seconds, struct pool *pool, uint64_t *ret_bytes, struct fault *f)
{
	struct cdn_stats stats = { 0 };
	const struct cdn_run run = {
		.of = &(struct cdn_of){ .key = key }, .want = wants, .n = RUN_CHUNKS, .put = put, .stats = &stats
	};
	const struct pipeline_conf conf = { .run = &run, .source = { .fetch = fetch }, .pool = pool };
	uint64_t began = clock_mono_us();
	enum rc rc = RC_OK;

	while (rc == RC_OK && (double)(clock_mono_us() - began) < seconds * 1e6)
		rc = pipeline_run(&conf, f);
	*ret_bytes = stats.bytes_plain;
	return rc;
}

/* A line of /proc/self/status, in KiB. */
static long status_of(const char *name)
{
	char line[256];
	long kib = 0;
	FILE *s = fopen("/proc/self/status", "r");

	while (s && fgets(line, sizeof(line), s))
		if (!strncmp(line, name, strlen(name)))
			kib = strtol(line + strlen(name), NULL, 10);
	if (s)
		fclose(s);
	return kib;
}

static int through(const char *how, double seconds)
{
	const struct pool_conf conf = { .name = "unpack",
		.threads = cores,
		.batch_max = 1,
		.queue_max = 1000,
		.enter = pipeline_worker_enter,
		.run = pipeline_worker_run,
		.leave = pipeline_worker_leave };
	struct pool *pool = NULL;
	struct fault f = { 0 };
	uint64_t bytes = 0;

	for (unsigned i = 0; i < RUN_CHUNKS; i++) {
		const struct sample *s = &samples[i % samples_n];
		wants[i] = (struct cdn_want){ s->sha, s->want.adler, s->want.size, (uint32_t)s->box.n, 0 };
	}
	copies = !strcmp(how, "memory");
	for (unsigned i = 0; i < FILES && !strcmp(how, "tmpfs"); i++)
		files[i] = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
	if (pool_new(&conf, &pool, &f) != RC_OK)
		return fail("pool", &f);
	enum rc warm = RC_OK;
	if (!strcmp(how, "memory")) { /* the pool's buffers are the agent's */
		copies = false;
		warm = rounds(0.2, pool, &bytes, &f);
		copies = true;
	}
	if (warm != RC_OK)
		return fail("warm", &f);
	long before = status_of("VmRSS:");
	uint64_t began = clock_mono_us();
	enum rc rc = rounds(seconds, pool, &bytes, &f);
	double rate = (double)bytes / (double)(clock_mono_us() - began);
	if (copies)
		printf("%.3f\n", (double)(status_of("VmHWM:") - before) / 1024);
	else
		printf("%.3f\n", files[0] < 0 ? rate : rate * 8 / 1000);
	pool_free(pool);
	return rc == RC_OK ? 0 : fail(how, &f);
}

int main(int argc, char **argv)
{
	struct fault f = { 0 };
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (argc != 5) {
		fprintf(stderr,
			"usage: pipeline_bench ceiling|checked|pipeline|tmpfs|memory vz|vsz|zip SECONDS FOLDER\n");
		return 2;
	}
	cores = n < 1 ? 1 : n > THREADS ? THREADS : (unsigned)n;
	memset(key, 7, sizeof(key));
	load(argv[2], argv[4], &f);
	if (samples_n == 0)
		return fail(argv[2], &f);
	bool checks = !strcmp(argv[1], "checked");
	int status = checks || !strcmp(argv[1], "ceiling") ? ceiling(checks, atof(argv[3]))
							   : through(argv[1], atof(argv[3]));
	for (unsigned i = 0; i < samples_n; i++)
		buf_done(&samples[i].box);
	return status;
}
