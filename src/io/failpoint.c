#include "io/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARMED_MAX 8

enum what { KILL, PAUSE, ERROR };

static struct armed {
	char name[48];
	enum what what;
	unsigned long ms, from; /* the pass at which it begins */
	atomic_ulong passes;
} armed[ARMED_MAX];
static unsigned armed_n;
static pthread_once_t read_once = PTHREAD_ONCE_INIT;

static void arm(char *text)
{
	char *save, *name = strtok_r(text, ":", &save), *what = strtok_r(NULL, ":", &save);
	char *number = strtok_r(NULL, ":", &save), *last = strtok_r(NULL, ":", &save);
	struct armed *a = &armed[armed_n];

	if (!what || armed_n == ARMED_MAX)
		return;
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->what = !strcmp(what, "kill") ? KILL : !strcmp(what, "pause") ? PAUSE : ERROR;
	a->ms = a->what == PAUSE && number ? strtoul(number, NULL, 10) : 0;
	const char *from = a->what == PAUSE ? last : number;
	a->from = from ? strtoul(from, NULL, 10) : 1;
	armed_n++;
}

static void read_all(void)
{
	const char *text = getenv("FOOTPLATE_FAILPOINT");
	char *copy = text ? strdup(text) : NULL;

	for (char *save, *one = copy ? strtok_r(copy, ",", &save) : NULL; one; one = strtok_r(NULL, ",", &save))
		arm(one);
	free(copy);
}

static struct armed *reached(const char *name)
{
	pthread_once(&read_once, read_all);
	for (unsigned i = 0; i < armed_n; i++)
		if (!strcmp(armed[i].name, name))
			return atomic_fetch_add(&armed[i].passes, 1) + 1 >= armed[i].from ? &armed[i] : NULL;
	return NULL;
}

void failpoint_pass(const char *name)
{
	const struct armed *a = reached(name);

	if (a && a->what == KILL) {
		kill(getpid(), SIGKILL);
		pause();
	}
	if (a && a->what == PAUSE) {
		const struct timespec t = { (time_t)(a->ms / 1000), (long)(a->ms % 1000) * 1000000 };
		nanosleep(&t, NULL);
	}
}

enum rc failpoint_rc(const char *name, struct fault *f)
{
	const struct armed *a = reached(name);

	if (a && a->what == ERROR)
		return fault_set(f, RC_INTERNAL, "failpoint %s", name);
	if (a)
		failpoint_pass(name);
	return RC_OK;
}
