/* Any bytes as a body of every service's method: what is read is packed, and packed again as the same bytes. */
#include "wire/steam/describe.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/pb.h"
#include "wire/steam/service.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static const char *const methods[] = {
#define SERVICE(method, in, out) method,
#include "wire/steam/service.def"
#undef SERVICE
};

static void back(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 4u << 20 }, b = { 0 };
	struct buf one = { 0 }, two = { 0 };
	ProtobufCMessage *m;

	if (d && pb_unpack(d, p, n, &a, &m, NULL) == RC_OK) {
		pb_pack(&one, m);
		expect(!one.bad && pb_unpack(d, one.p, one.n, &b, &m, NULL) == RC_OK);
		pb_pack(&two, m);
		expect(one.n == two.n && (one.n == 0 || !memcmp(one.p, two.p, one.n)));
	}
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
	arena_done(&b);
}

static void described(uint32_t emsg, const char *method, const uint8_t *p, size_t n)
{
	CMsgProtoBufHeader header = CMSG_PROTO_BUF_HEADER__INIT;
	struct steam_frame fr = {
		.kind = STEAM_FRAME_PROTO, .emsg = emsg, .header = &header, .body = p, .body_n = n
	};
	struct buf packet = { 0 }, said = { 0 };

	header.target_job_name = (char *)(uintptr_t)method;
	steam_frame_write(&packet, &fr);
	if (describe_packet(packet.p, packet.n, &said, NULL) != RC_OK)
		expect(said.n == 0);
	buf_done(&packet);
	buf_done(&said);
}

/* The first byte chooses the method, so that one input is one body. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	const char *method = methods[p[0] % (sizeof(methods) / sizeof(*methods))];
	back(service_request_of(method), p + 1, n - 1);
	back(service_response_of(method), p + 1, n - 1);
	described(EMSG_SERVICE_METHOD_CALL_FROM_CLIENT, method, p + 1, n - 1);
	described(EMSG_SERVICE_METHOD_RESPONSE, method, p + 1, n - 1);
	return 0;
}
