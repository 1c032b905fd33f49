/* A head that parses is whole and lawful, no shorter piece of it parses, and unmasking twice changes nothing. */
#include "io/ws_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ws_frame f, g;
	size_t used = 0, ignored;

	ws_frame_is_utf8(p, n);
	if (ws_frame_parse(p, n, &f, &used) != RC_OK)
		return 0;
	if (used > n || used > WS_FRAME_HEAD_MAX || (f.op >= WS_OP_CLOSE && (!f.fin || f.n > WS_FRAME_CONTROL_MAX)))
		abort();
	for (size_t k = 0; k < used; k++)
		if (ws_frame_parse(p, k, &g, &ignored) != RC_MORE)
			abort();
	uint8_t *copy = malloc(n - used + 1);
	memcpy(copy, p + used, n - used);
	ws_frame_unmask(copy, n - used, f.mask, 0);
	for (size_t i = 0; i < n - used; i++)
		ws_frame_unmask(copy + i, 1, f.mask, i);
	if (memcmp(copy, p + used, n - used) != 0)
		abort();
	free(copy);
	return 0;
}
