/*
 * A disk that is full, and one that fails to sync: the control plane says so (a problem, and /readyz), acknowledges nothing that is not
 * kept, and goes on by itself when the disk is well again. By a library that stands between it and the disk, and, where we may mount
 * one, on a real small disk.
 */
#include "tests/system/rig.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOBS_MAX 20000

static char acked[JOBS_MAX][40];
static unsigned acked_n, asked_n;

/* What it answered; an acknowledged job is noted. */
static int post(const struct rig *r)
{
	char header[64], *body = malloc(3000);

	CHECK(body && acked_n < JOBS_MAX);
	snprintf(header, sizeof(header), "Idempotency-Key: disk-%u", asked_n++);
	memset(body, 0, 3000);
	strcpy(body, "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[1");
	while (strlen(body) < 2500)
		strcat(body, ",12345678");
	strcat(body, "]}}");
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", header, body);
	int status = a.status;
	if (status == 201)
		snprintf(acked[acked_n++], sizeof(acked[0]), "%s", json_str(a.body, "id"));
	else if (status / 100 == 5)
		CHECK(*json_str(a.body, "code") && *json_str(a.body, "title")); /* a problem, and no bare number */
	rig_answer_done(&a);
	free(body);
	return status;
}

static int ready(const struct rig *r)
{
	struct rig_answer a = rig_call(r, "GET", "/readyz", NULL, NULL);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

static void await_ready(const struct rig *r, int status)
{
	for (int i = 0; i < 1500; i++, rig_sleep_ms(20))
		if (ready(r) == status)
			return;
	fprintf(stderr, "/readyz does not say %d\n", status);
	exit(1);
}

static void all_there(const struct rig *r)
{
	char path[96];

	for (unsigned i = 0; i < acked_n; i++) {
		snprintf(path, sizeof(path), "/v1/jobs/%s", acked[i]);
		json_decref(rig_expect(r, 200, "GET", path, NULL));
	}
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
}

/* While the file is there the disk is ill. */
static void ill(const struct rig *r, const char *file, const char *what)
{
	int status[600] = { 0 };

	for (int i = 0; i < 20; i++)
		CHECK(post(r) == 201);
	touch(file);
	await_ready(r, 503);
	for (int i = 0; i < 20; i++) {
		int s = post(r);
		CHECK(s >= 500 && s < 600);
		status[s]++;
	}
	CHECK(unlink(file) == 0);
	await_ready(r, 200);
	for (int i = 0; i < 20; i++)
		CHECK(post(r) == 201);
	printf("%s: %d times 503, %d times 500; well again by itself\n", what, status[503], status[500]);
}

static void by_library(void)
{
	struct rig r;
	char out[96], full[96], eio[96];
	unsigned long answers = 0, early = 0;

	rig_init(&r);
	snprintf(out, sizeof(out), "%s/shim", r.dir);
	snprintf(full, sizeof(full), "%s/full", r.dir);
	snprintf(eio, sizeof(eio), "%s/eio", r.dir);
	setenv("SYNC_SHIM_OUT", out, 1);
	setenv("SYNC_SHIM_FULL", full, 1);
	setenv("SYNC_SHIM_EIO", eio, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	r.preload = getenv("SYNC_SHIM");
	CHECK(r.preload != NULL);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "error", NULL });
	ill(&r, full, "a full disk");
	ill(&r, eio, "a disk that does not sync");
	rig_stop(&r.server, SIGTERM);
	char *text = rig_await_file(&r, "shim", 0);
	CHECK(sscanf(text, "answers=%lu early=%lu", &answers, &early) == 2);
	CHECK(answers >= acked_n && early == 0); /* none was acknowledged whose sync had failed */
	free(text);
	r.preload = NULL;
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	all_there(&r);
	rig_done(&r);
}

/* ---- a real one ---- */

static void fill(const char *path)
{
	static const char block[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void by_mount(void)
{
	struct rig r;
	char data[96], filler[128];

	acked_n = 0;
	rig_init(&r);
	snprintf(data, sizeof(data), "%s/data", r.dir);
	snprintf(filler, sizeof(filler), "%s/filler", data);
	CHECK(mkdir(data, 0700) == 0);
	if (mount("none", data, "tmpfs", 0, "size=256m,mode=700") != 0) {
		printf("a small disk cannot be mounted here: left out\n");
		rig_done(&r);
		return;
	}
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "error", NULL });
	for (int i = 0; i < 20; i++)
		CHECK(post(&r) == 201);
	fill(filler);
	unsigned before = acked_n;
	for (int i = 0; i < 3000 && post(&r) == 201; i++) /* there may be room in what it has already */
		;
	CHECK(ready(&r) == 503 && post(&r) == 503);
	rig_stop(&r.server, SIGKILL); /* and a start on a full disk loses nothing, either */
	CHECK(unlink(filler) == 0);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "error", NULL });
	all_there(&r);
	fill(filler);
	for (int i = 0; i < 3000 && post(&r) == 201; i++)
		;
	CHECK(unlink(filler) == 0);
	await_ready(&r, 200);
	CHECK(post(&r) == 201);
	all_there(&r);
	printf("a small disk: %u jobs after it was filled, none lost\n", acked_n - before);
	rig_stop(&r.server, SIGTERM);
	CHECK(umount2(data, MNT_DETACH) == 0);
	rig_done(&r);
}

int main(void)
{
	by_library();
	by_mount();
	return 0;
}
