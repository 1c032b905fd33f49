/*
 * A blob that comes in pieces: in their order, over restarts, never more than was said, never under another's hash; and it takes its place only
 * after it was synced.
 */
#include "control/artifacts/arrival_part.h"
#include "io/blobs.h"
#include "tests/unit/check.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE 100000u

static char dir[] = "/tmp/arrival_part_test.XXXXXX", sha256[65];
static uint8_t bytes[SIZE];

/* Ours in place of the library's: they see what is done in which order. */
static bool synced;
static unsigned settled;

int fsync(int fd)
{
	synced = true;
	return (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	synced = false;
	return syscall(SYS_pwrite64, fd, p, n, at);
}

int rename(const char *from, const char *to)
{
	int done = (int)syscall(SYS_rename, from, to);

	if (done == 0 && strstr(to, "/blobs/")) {
		CHECK(synced);
		settled++;
	}
	return done;
}

static void sum(const void *p, size_t n, char ret[static 65])
{
	uint8_t md[32];

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", md[i]);
}

static struct arrival_part part_of(const char *agent) { return (struct arrival_part){ dir, agent, sha256, SIZE }; }

static enum rc take_bytes(const struct arrival_part *p, size_t at, size_t n, struct arrival_state *ret)
{
	const struct arrival_piece piece = { at, bytes + at, n };
	struct fault f = { 0 };

	return arrival_part_take(p, &piece, ret, &f);
}

static uint64_t received(const struct arrival_part *p)
{
	uint64_t n = 77;
	CHECK(arrival_part_received(p, &n, NULL) == RC_OK);
	return n;
}

static int left(void)
{
	char cmd[200];
	int n = -1;

	snprintf(cmd, sizeof(cmd), "find %s/arriving -type f | wc -l", dir);
	FILE *p = popen(cmd, "r");
	CHECK(p && fscanf(p, "%d", &n) == 1);
	pclose(p);
	return n;
}

static void in_order(void)
{
	const struct arrival_part p = part_of("agt_1"), other = part_of("agt_2");
	struct arrival_state s;

	CHECK(received(&p) == 0);
	CHECK(take_bytes(&p, 5000, 100, &s) == RC_OK && s.received == 0 && !s.whole); /* not the next one */
	CHECK(take_bytes(&p, 0, 40000, &s) == RC_OK && s.received == 40000 && !s.whole);
	CHECK(take_bytes(&p, 0, 40000, &s) == RC_OK && s.received == 40000); /* again: not taken twice */
	CHECK(take_bytes(&p, 39999, 10, &s) == RC_OK && s.received == 40000);
	CHECK(received(&p) == 40000 && received(&other) == 0); /* each agent's is its own */
	CHECK(take_bytes(&other, 0, 10, &s) == RC_OK && s.received == 10 && received(&p) == 40000);
	const struct arrival_piece more = { 40000, bytes, SIZE };
	struct fault f = { 0 };
	CHECK(arrival_part_take(&p, &more, &s, &f) == RC_INVALID && received(&p) == 40000);
	CHECK(settled == 0 && !blobs_has(dir, sha256, SIZE));
	CHECK(take_bytes(&p, 40000, SIZE - 40000, &s) == RC_OK && s.received == SIZE && s.whole);
	CHECK(settled == 1 && blobs_has(dir, sha256, SIZE) && left() == 2);              /* of the other agent's */
	CHECK(take_bytes(&other, 10, 10, &s) == RC_OK && s.whole && s.received == SIZE); /* it is there */
}

/* What has another hash is thrown away, and begins anew. */
static void false_bytes(void)
{
	const struct arrival_part p = { dir, "agt_3", sha256, SIZE };
	char path[BLOBS_PATH_MAX];
	struct arrival_state s;
	int before = left();

	blobs_path(dir, sha256, path);
	CHECK(unlink(path) == 0);
	bytes[7] ^= 1;
	CHECK(take_bytes(&p, 0, 50000, &s) == RC_OK && s.received == 50000);
	bytes[7] ^= 1;
	CHECK(take_bytes(&p, 50000, SIZE - 50000, &s) == RC_INVALID);
	CHECK(!blobs_has(dir, sha256, SIZE) && received(&p) == 0 && left() == before && settled == 1);
	CHECK(take_bytes(&p, 0, SIZE, &s) == RC_OK && s.whole && settled == 2);
}

/* A progress that tells of another size, another boot of the machine, or is cut: none. */
static void doubtful(void)
{
	const struct arrival_part p = { dir, "agt_4", sha256, SIZE }, other = { dir, "agt_4", sha256, SIZE - 1 };
	char path[BLOBS_PATH_MAX];
	struct arrival_state s;

	blobs_path(dir, sha256, path);
	CHECK(unlink(path) == 0);
	CHECK(take_bytes(&p, 0, 1000, &s) == RC_OK && received(&p) == 1000 && received(&other) == 0);
	snprintf(path, sizeof(path), "%s/arriving/agt_4.%s.hash", dir, sha256);
	FILE *f = fopen(path, "r+");
	CHECK(f && fputc('x', f) == 'x' && fclose(f) == 0); /* the name of the boot stands first */
	CHECK(received(&p) == 0);
	CHECK(take_bytes(&p, 0, 1000, &s) == RC_OK && received(&p) == 1000);
	CHECK(truncate(path, 20) == 0 && received(&p) == 0);
	CHECK(take_bytes(&p, 0, SIZE, &s) == RC_OK && s.whole);
}

int main(void)
{
	char cmd[100];

	CHECK(mkdtemp(dir));
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 9);
	sum(bytes, SIZE, sha256);
	in_order();
	false_bytes();
	doubtful();
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	CHECK(system(cmd) == 0);
	return 0;
}
