#include "main/signals.h"

#include <pthread.h>
#include <signal.h>

struct signals {
	pthread_t thread;
	void (*caught)(void *ctx), (*reload)(void *ctx);
	void *ctx;
};

static void our_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR2); /* ends the thread */
}

void signals_block(void)
{
	sigset_t set;
	our_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool signals_wait(void)
{
	sigset_t set;
	int n = 0;
	our_set(&set);
	while (sigwait(&set, &n) != 0)
		;
	return n == SIGHUP;
}

static void *watch(void *arg)
{
	struct signals *s = arg;
	sigset_t set;
	int n = 0;

	our_set(&set);
	for (bool caught = false; sigwait(&set, &n) == 0 && n != SIGUSR2;) {
		if (n == SIGHUP) {
			if (!caught)
				s->reload(s->ctx);
			continue;
		}
		if (caught)
			_exit(130);
		caught = true;
		s->caught(s->ctx);
	}
	return NULL;
}

enum rc signals_watch(void (*caught)(void *ctx), void (*reload)(void *ctx), void *ctx, struct signals **ret_signals,
	struct fault *f)
{
	auto_free struct signals *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	*s = (struct signals){ .caught = caught, .reload = reload, .ctx = ctx };
	if (pthread_create(&s->thread, NULL, watch, s) != 0)
		return fault_set(f, RC_NOMEM, "no thread for signals");
	*ret_signals = take(s);
	return RC_OK;
}

void signals_free(struct signals *s)
{
	if (!s)
		return;
	pthread_kill(s->thread, SIGUSR2);
	pthread_join(s->thread, NULL);
	free(s);
}
