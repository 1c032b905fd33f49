/*
 * frame: one Steam message as it travels (one WebSocket message, one entry of a Multi): a number, a header, a body.
 *
 *   proto    u32 number | 0x80000000, u32 n, n bytes CMsgProtoBufHeader, body (protobuf)
 *   struct   u32 number, u8 36, u16 2, u64 target job, u64 source job, u8 0xEF, u64 steamid, i32 session, body
 *   channel  u32 number (1303 to 1305), u64 target job, u64 source job, body
 *
 * The body is borrowed from the bytes that were parsed; the header of a proto message lives in the arena.
 * Source: steam-protocol facts 1.3.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "proto/steam/base.pb-c.h"

#define STEAM_FRAME_HEADER_MAX 65536 /* bytes of a proto header */
#define STEAM_JOB_NONE         UINT64_MAX

enum steam_frame_kind { STEAM_FRAME_PROTO, STEAM_FRAME_STRUCT, STEAM_FRAME_CHANNEL };

struct steam_frame {
	enum steam_frame_kind kind;
	uint32_t emsg;
	uint64_t steamid;                 /* 0: none */
	int32_t session;                  /* 0: none */
	uint64_t job_source, job_target;  /* STEAM_JOB_NONE: none */
	int32_t eresult;                  /* of a proto header, 2 (Fail) when absent; 0 for the other kinds */
	const CMsgProtoBufHeader *header; /* all of a proto header; NULL for the other kinds */
	const uint8_t *body;
	size_t body_n;
};

must_check enum rc steam_frame_parse(
	const void *p, size_t n, struct arena *a, struct steam_frame *ret_frame, struct fault *f);

/* Appends the message. A proto frame with `header` is written with that header; without one, with a header of steamid,
 * session and those jobs that are not STEAM_JOB_NONE. */
void steam_frame_write(struct buf *to, const struct steam_frame *frame);

/* The same for a protobuf body: `frame->body` is not looked at. */
void steam_frame_write_message(struct buf *to, const struct steam_frame *frame, const ProtobufCMessage *body);
