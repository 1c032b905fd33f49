/* That the look for secrets in the clear finds them: one is planted in each place and form, and a clean rig has none. */
#include "tests/system/canary.h"
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD "CANARY-in-the-mine"

static void put(const struct rig *r, const char *name, const char *text)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void planted(const struct rig *r, const char *name, const char *text, unsigned found)
{
	char path[160];
	put(r, name, text);
	unsigned n = canary_look_folder(r->dir);
	if (n != found)
		fprintf(stderr, "%s: %u found, not %u\n", name, n, found);
	CHECK(n == found);
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	CHECK(unlink(path) == 0);
}

int main(void)
{
	static const char *const serve[] = { "--no-agent", NULL };
	struct rig r = { 0 };
	char path[96];

	rig_init(&r);
	rig_serve(&r, serve);
	json_t *a = rig_expect(&r, 201, "POST", "/v1/accounts", "{\"login\":\"canary\"}");
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", json_str(a, "id"));
	json_decref(a);
	struct rig_answer put_it = rig_call(&r, "PUT", path, NULL, "{\"value\":\"" PASSWORD "\"}");
	CHECK(put_it.status == 204);
	rig_answer_done(&put_it);
	CHECK(canary_count() >= 2); /* the password, and the administrator's key */
	CHECK(canary_look_folder(r.dir) == 0);

	planted(&r, "a.log", "one line\n" PASSWORD, 1);
	planted(&r, "b.log", PASSWORD " and " PASSWORD, 2);
	planted(&r, "c.log", "x Q0FOQVJZLWluLXRoZS1taW5l x", 1);
	planted(&r, "d.log", "43414e4152592d696e2d7468652d6d696e65", 1);
	planted(&r, "e.log", "CANARY-in-the-mind", 0);
	planted(&r, "f.log", r.key, 1);
	snprintf(path, sizeof(path), "%s/deep", r.dir);
	CHECK(mkdir(path, 0700) == 0);
	planted(&r, "deep/g.db", "\1\2\3" PASSWORD "\4", 1);
	put(&r, "token", r.key); /* for a program to read */
	CHECK(canary_look_folder(r.dir) == 0);

	int hold[2];
	CHECK(pipe(hold) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		dup2(hold[0], STDIN_FILENO);
		close(hold[1]);
		execl("/bin/sh", "sh", "-c", "read x", PASSWORD, NULL);
		_exit(1);
	}
	unsigned seen = 0;
	for (int i = 0; i < 500 && !seen; i++, rig_sleep_ms(10))
		seen = canary_look_process(pid);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid && seen > 0);
	close(hold[0]);
	close(hold[1]);
	rig_done(&r);

	/* And a rig that leaves one behind fails its test. */
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		CHECK(freopen("/dev/null", "w", stderr) != NULL);
		struct rig bad = { 0 };
		rig_init(&bad);
		canary_add("planted", PASSWORD);
		put(&bad, "left.log", PASSWORD);
		rig_done(&bad);
		_exit(0);
	}
	int status = 0;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	return 0;
}
