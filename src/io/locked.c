#include "io/locked.h"
#include "base/hush.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }
static size_t whole_pages(size_t n) { return (n + page() - 1) / page() * page(); }

enum rc locked_new(size_t n, void **ret, bool *ret_held, struct fault *f)
{
	size_t guard = page(), body = whole_pages(n);
	char *at = mmap(NULL, body + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return fault_set(f, RC_NOMEM, "no memory for keys: %s", strerror(errno));
	if (mprotect(at + guard, body, PROT_READ | PROT_WRITE) != 0 ||
		madvise(at + guard, body, MADV_DONTDUMP) != 0 || madvise(at + guard, body, MADV_WIPEONFORK) != 0) {
		enum rc rc = fault_set(f, RC_NOMEM, "no memory for keys: %s", strerror(errno));
		munmap(at, body + 2 * guard);
		return rc;
	}
	*ret_held = mlock(at + guard, body) == 0;
	*ret = at + guard;
	return RC_OK;
}

void locked_free(void *p, size_t n)
{
	if (!p)
		return;
	hush_wipe(p, n);
	munmap((char *)p - page(), whole_pages(n) + 2 * page());
}

enum rc locked_all(struct fault *f)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
		return RC_OK;
	return fault_set(f, RC_DENIED,
		"memory cannot be locked: %s; raise the limit (systemd: LimitMEMLOCK=infinity; a shell: ulimit "
		"-l), or "
		"set kek.memory to keys",
		strerror(errno));
}
