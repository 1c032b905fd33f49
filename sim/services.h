/*
 * services: how the methods of this Steam are written: one function each, and a row in services.def.
 */
#pragma once

#include "sim/service.h"
#include "wire/steam/pb.h"

/* Who may call it. */
enum service_need {
	SERVICE_ANYONE,
	SERVICE_PERSON, /* logged on, or with an access token */
};

struct service_call {
	struct sim *sim;
	const struct service_from *from;
	const ProtobufCMessage *in; /* as its row says; NULL when the row has none */
	struct arena *arena;
	struct service_answer *answer; /* error and body are the method's */
};

/* Packs the answer. */
void service_say(struct service_call *c, const ProtobufCMessage *m);

/* Each method gives its EResult. */
#define SERVICE(name, request, need, in, run) int32_t run(struct service_call *c);
#include "sim/services.def"
#undef SERVICE
