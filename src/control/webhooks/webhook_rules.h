/* webhook_rules: what the configuration says of webhooks, read; and the limits that it does not set. Any thread. */
#pragma once

#include "flow/webhook.h"
#include "io/http_guard.h"
#include "wire/ip_block.h"

#define WEBHOOK_RULES_THREADS     16    /* deliveries on their way at once */
#define WEBHOOK_RULES_BACKLOG     10000 /* deliveries of one endpoint that are not over: more events wait in the log */
#define WEBHOOK_RULES_BODY        20480 /* bytes; a larger event is sent thin */
#define WEBHOOK_RULES_ANSWER      65536 /* bytes of an answer that are read */
#define WEBHOOK_RULES_ANSWER_KEEP 2048  /* and kept */

struct webhooks_conf;

struct webhook_rules {
	struct webhook_plan plan;
	struct ip_block_list allow;
	struct http_guard guard; /* looks into `allow` */
	const struct webhooks_conf *conf;
};

/* *ret stays where it is. */
must_check enum rc webhook_rules_read(const struct webhooks_conf *conf, struct webhook_rules *ret, struct fault *f);
