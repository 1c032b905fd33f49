/* What callers send, as it may stand in an audit record: harmless, and cleaned twice it stays as it is. And texts of checkpoints and keys. */
#include "wire/audit_record.h"
#include "wire/checkpoint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint_key key = { .origin = "footplate-audit/1" };
	struct checkpoint c;
	struct arena a = { 0 };
	char *text = arena_strn(&a, (const char *)data, size);

	if (!text)
		return 0;
	const char *clean = audit_record_clean(&a, text, AUDIT_RECORD_SHORT);
	if (clean && (!audit_record_is_clean(clean, AUDIT_RECORD_SHORT) ||
			     audit_record_clean(&a, clean, AUDIT_RECORD_SHORT) != clean))
		abort();
	if (checkpoint_read(text, size, &key, &c, NULL) == RC_OK)
		abort(); /* nobody has that key */
	if (checkpoint_key_read(text, &key, NULL) == RC_OK && !*key.origin)
		abort();
	arena_done(&a);
	return 0;
}
