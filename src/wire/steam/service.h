/*
 * service: the methods of Steam's services that we know, by their names as the header of a message carries them
 * ("Player.GetOwnedGames#1"), and which of our .proto messages go in and come out. service.def lists them.
 * Source: steam-protocol facts 1.6, Appendix A.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

/* NULL: a method that we do not know, or a body that we have no .proto for. `method` may be NULL. */
const ProtobufCMessageDescriptor *service_request_of(const char *method);
const ProtobufCMessageDescriptor *service_response_of(const char *method);
