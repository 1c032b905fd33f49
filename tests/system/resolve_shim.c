/*
 * resolve_shim: a library preloaded into the server that answers for the names of one test, as a hostile name server would:
 *   rebind.test   127.0.0.2 the first time it is asked for, 127.0.0.1 ever after
 *   both.test     127.0.0.2 and 127.0.0.1 at once
 *   inner.test    127.0.0.1
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <string.h>

typedef int (*resolver)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *want, struct addrinfo **ret)
{
	static atomic_int asked;
	resolver real = (resolver)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo *more = NULL;

	if (!host || !strstr(host, ".test"))
		return real(host, service, want, ret);
	if (!strcmp(host, "inner.test"))
		return real("127.0.0.1", service, want, ret);
	if (!strcmp(host, "rebind.test"))
		return real(atomic_fetch_add(&asked, 1) == 0 ? "127.0.0.2" : "127.0.0.1", service, want, ret);
	if (strcmp(host, "both.test") != 0)
		return EAI_NONAME;
	int failed = real("127.0.0.2", service, want, ret);
	if (failed || real("127.0.0.1", service, want, &more))
		return failed;
	struct addrinfo *last = *ret;
	while (last->ai_next)
		last = last->ai_next;
	last->ai_next = more;
	return 0;
}
