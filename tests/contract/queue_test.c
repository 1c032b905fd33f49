/* The embedded queue against the suite of their contract. */
#include "driver/queue/embedded.h"
#include "tests/contract/queue_suite.h"
#include "tests/unit/check.h"

static struct queue *open_embedded(void)
{
	struct queue *q = NULL;
	CHECK(embedded_queue_new(&q) == RC_OK);
	return q;
}

int main(void)
{
	const struct queue_subject embedded = {
		.name = "embedded", .open = open_embedded, .rounds = 300, .exact = true
	};

	queue_suite(&embedded);
	return 0;
}
