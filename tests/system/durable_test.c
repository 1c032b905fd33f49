/* No "201 Created" of a job leaves before the fsync that covers it: seen by a library that watches the server's system calls. */
#include "tests/system/rig.h"

#include <pthread.h>
#include <signal.h>

#define CLIENTS 16
#define JOBS    50 /* of each */

static void *post(void *arg)
{
	const struct rig *r = arg;
	char header[64];

	for (int i = 0; i < JOBS; i++) {
		snprintf(header, sizeof(header), "Idempotency-Key: %lx-%d", (unsigned long)pthread_self(), i);
		struct rig_answer a = rig_call(
			r, "POST", "/v1/jobs", header, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
		CHECK(a.status == 201);
		rig_answer_done(&a);
	}
	return NULL;
}

int main(void)
{
	struct rig r;
	pthread_t threads[CLIENTS];
	char out[96];
	unsigned long answers = 0, early = 0;

	unsetenv("FOOTPLATE_STORE"); /* PostgreSQL's system calls are another program's */
	rig_init(&r);
	snprintf(out, sizeof(out), "%s/shim", r.dir);
	setenv("SYNC_SHIM_OUT", out, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	r.preload = getenv("SYNC_SHIM");
	CHECK(r.preload != NULL);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	for (int i = 0; i < CLIENTS; i++)
		CHECK(pthread_create(&threads[i], NULL, post, &r) == 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	rig_stop(&r.server, SIGTERM);

	char *text = rig_await_file(&r, "shim", 0);
	printf("%s", text);
	CHECK(sscanf(text, "answers=%lu early=%lu", &answers, &early) == 2);
	CHECK(answers == CLIENTS * JOBS && early == 0);
	free(text);
	rig_done(&r);
	return 0;
}
