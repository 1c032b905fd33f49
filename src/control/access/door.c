#include "control/access/door.h"
#include "control/access/keys.h"

#include <string.h>
#include <strings.h>

enum rc door_enter(struct tx *tx, const struct door_ask *ask, struct principal *ret)
{
	const char *a = ask->authorization;

	if (!a || strncasecmp(a, "Bearer ", 7) != 0)
		return fault_set(tx->fault, RC_UNAUTHENTICATED, "send Authorization: Bearer and an API key");
	return keys_check(tx, a + 7 + strspn(a + 7, " "), ret);
}
