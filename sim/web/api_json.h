/*
 * api_json: protobuf messages as the Web API shows them in JSON, and filled from the parameters of a query. 64-bit numbers are
 * strings, bytes are base64. By protobuf-c's descriptors; pure.
 */
#pragma once

#include "sim/web/ask.h"

#include <protobuf-c/protobuf-c.h>

#define API_JSON_REPEATED_MAX 500 /* values of one repeated parameter */

void api_json_put(struct buf *to, const ProtobufCMessage *m);

/* A message of that kind in the arena: name=value, and name[0]=value for what repeats. NULL: a value does not fit, or no memory. */
ProtobufCMessage *api_json_take(struct arena *a, const ProtobufCMessageDescriptor *d, const struct ask *q);
