#include "main/open_queue.h"
#include "driver/queue/embedded.h"
#include "driver/queue/nats.h"

enum rc open_queue(const struct conf *c, struct queue **ret, struct fault *f)
{
	const struct nats_queue_conf nats = { c->queue.url, c->queue.name, c->queue.ca_file, c->queue.credentials };

	return c->queue.url && *c->queue.url ? nats_queue_new(&nats, ret, f) : embedded_queue_new(ret);
}
