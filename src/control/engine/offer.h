/* offer: what an agent that is connected here would take; see dispatch. */
#pragma once

#include <stdint.h>

/* An agent that takes tasks. */
struct dispatch_offer {
	const char *agent_id, *region_id;
	const char *actions; /* their names with a comma before, between and after: ",a,b," */
	uint32_t credit;
};
