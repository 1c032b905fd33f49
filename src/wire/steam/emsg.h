/*
 * emsg: the numbers and names of Steam's messages, and which of our .proto messages is the body of each. emsg.def lists
 * all we know. Source: steam-protocol facts, Appendix B.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

enum emsg {
#define EMSG(id, number, name, body) EMSG_##id = (number),
#include "wire/steam/emsg.def"
#undef EMSG
};

const char *emsg_name(uint32_t emsg);                       /* "ClientLogon"; NULL when unknown */
const ProtobufCMessageDescriptor *emsg_body(uint32_t emsg); /* NULL when we have no .proto for it */
