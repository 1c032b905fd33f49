#include "wire/steam/frame.h"

#include "base/rd.h"
#include "wire/steam/emsg.h"
#include "wire/steam/pb.h"

#define PROTO_BIT      0x80000000u
#define STRUCT_SIZE    36
#define STRUCT_VERSION 2
#define STRUCT_CANARY  0xEF

static bool is_channel(uint32_t emsg)
{
	return emsg >= EMSG_CHANNEL_ENCRYPT_REQUEST && emsg <= EMSG_CHANNEL_ENCRYPT_RESULT;
}

static enum rc parse_proto(struct rd *r, struct arena *a, struct steam_frame *fr, struct fault *f)
{
	uint32_t n = rd_le32(r);
	if (n > STEAM_FRAME_HEADER_MAX)
		return fault_set(f, RC_MALFORMED, "message %u: its header claims %u bytes, at most %u are read",
			fr->emsg, n, STEAM_FRAME_HEADER_MAX);
	const uint8_t *p = rd_bytes(r, n);
	if (r->bad)
		return fault_set(f, RC_MALFORMED, "message %u: cut off inside its header", fr->emsg);

	ProtobufCMessage *m;
	enum rc rc = pb_unpack(&cmsg_proto_buf_header__descriptor, p, n, a, &m, f);
	if (rc != RC_OK)
		return rc;
	const CMsgProtoBufHeader *h = (const CMsgProtoBufHeader *)m;
	fr->header = h;
	fr->steamid = h->steamid;
	fr->session = h->client_sessionid;
	fr->job_source = h->jobid_source;
	fr->job_target = h->jobid_target;
	fr->eresult = h->eresult;
	return RC_OK;
}

static enum rc parse_struct(struct rd *r, struct steam_frame *fr, struct fault *f)
{
	uint8_t size = rd_u8(r);
	uint16_t version = rd_le16(r);
	fr->job_target = rd_le64(r);
	fr->job_source = rd_le64(r);
	uint8_t canary = rd_u8(r);
	fr->steamid = rd_le64(r);
	fr->session = (int32_t)rd_le32(r);
	if (r->bad)
		return fault_set(f, RC_MALFORMED, "message %u: cut off inside its header", fr->emsg);
	if (size != STRUCT_SIZE || version != STRUCT_VERSION || canary != STRUCT_CANARY)
		return fault_set(f, RC_MALFORMED, "message %u: its header has size %u, version %u, canary %02x",
			fr->emsg, size, version, canary);
	return RC_OK;
}

static enum rc parse_channel(struct rd *r, struct steam_frame *fr, struct fault *f)
{
	fr->job_target = rd_le64(r);
	fr->job_source = rd_le64(r);
	if (r->bad)
		return fault_set(f, RC_MALFORMED, "message %u: cut off inside its header", fr->emsg);
	return RC_OK;
}

enum rc steam_frame_parse(const void *p, size_t n, struct arena *a, struct steam_frame *ret_frame, struct fault *f)
{
	struct rd r = rd_over(p, n);
	uint32_t first = rd_le32(&r);
	if (r.bad)
		return fault_set(f, RC_MALFORMED, "a message of %zu bytes has no number", n);

	struct steam_frame fr = {
		.emsg = first & ~PROTO_BIT, .job_source = STEAM_JOB_NONE, .job_target = STEAM_JOB_NONE
	};
	enum rc rc;
	if (first & PROTO_BIT) {
		fr.kind = STEAM_FRAME_PROTO;
		rc = parse_proto(&r, a, &fr, f);
	} else if (is_channel(fr.emsg)) {
		fr.kind = STEAM_FRAME_CHANNEL;
		rc = parse_channel(&r, &fr, f);
	} else {
		fr.kind = STEAM_FRAME_STRUCT;
		rc = parse_struct(&r, &fr, f);
	}
	if (rc != RC_OK)
		return rc;

	fr.body_n = rd_left(&r);
	fr.body = rd_bytes(&r, fr.body_n);
	*ret_frame = fr;
	return RC_OK;
}

static void write_proto_header(struct buf *to, const struct steam_frame *fr)
{
	CMsgProtoBufHeader plain = CMSG_PROTO_BUF_HEADER__INIT;
	plain.has_steamid = plain.has_client_sessionid = 1;
	plain.steamid = fr->steamid;
	plain.client_sessionid = fr->session;
	plain.has_jobid_source = fr->job_source != STEAM_JOB_NONE;
	plain.jobid_source = fr->job_source;
	plain.has_jobid_target = fr->job_target != STEAM_JOB_NONE;
	plain.jobid_target = fr->job_target;

	const CMsgProtoBufHeader *h = fr->header ? fr->header : &plain;
	buf_le32(to, fr->emsg | PROTO_BIT);
	buf_le32(to, (uint32_t)cmsg_proto_buf_header__get_packed_size(h));
	pb_pack(to, &h->base);
}

static void write_header(struct buf *to, const struct steam_frame *fr)
{
	if (fr->kind == STEAM_FRAME_PROTO) {
		write_proto_header(to, fr);
		return;
	}
	buf_le32(to, fr->emsg);
	if (fr->kind == STEAM_FRAME_STRUCT)
		buf_put(to, (uint8_t[]){ STRUCT_SIZE, STRUCT_VERSION, 0 }, 3);
	buf_le64(to, fr->job_target);
	buf_le64(to, fr->job_source);
	if (fr->kind == STEAM_FRAME_STRUCT) {
		buf_u8(to, STRUCT_CANARY);
		buf_le64(to, fr->steamid);
		buf_le32(to, (uint32_t)fr->session);
	}
}

void steam_frame_write(struct buf *to, const struct steam_frame *frame)
{
	write_header(to, frame);
	buf_put(to, frame->body, frame->body_n);
}

void steam_frame_write_message(struct buf *to, const struct steam_frame *frame, const ProtobufCMessage *body)
{
	write_header(to, frame);
	pb_pack(to, body);
}
