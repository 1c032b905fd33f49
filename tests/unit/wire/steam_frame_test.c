/* Every captured packet decodes and encodes back to the same bytes; what the PICS packets say is known. */
#include "wire/steam/frame.h"
#include "wire/steam/vdf.h"

#include "proto/steam/pics.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/emsg.h"
#include "wire/steam/pb.h"
#include "wire/steam/pics.h"
#include "wire/steam/service.h"
#include "wire/steam/steamid.h"

#include <dirent.h>

#define FOLDER "tests/corpus/steam_frame/"

static unsigned bodies;

static void body_back(const struct steam_frame *fr, struct arena *a)
{
	bool proto = fr->kind == STEAM_FRAME_PROTO;
	const ProtobufCMessageDescriptor *d = proto ? emsg_body(fr->emsg) : NULL;
	ProtobufCMessage *m;
	struct fault f = { 0 };
	struct buf out = { 0 };

	if (!d && proto)
		d = service_request_of(fr->header->target_job_name);
	CHECK(d || !proto); /* there is a .proto for each of them */
	if (!d)
		return;
	CHECK(pb_unpack(d, fr->body, fr->body_n, a, &m, &f) == RC_OK);
	CHECK(m->n_unknown_fields == 0);
	pb_pack(&out, m);
	CHECK(corpus_same(&out, fr->body, fr->body_n));
	buf_done(&out);
	bodies++;
}

static void there_and_back(const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), FOLDER "%s", name);
	struct buf in = corpus_read(path), out = { 0 };
	struct arena a = { 0 };
	struct steam_frame fr;
	struct fault f = { 0 };

	if (steam_frame_parse(in.p, in.n, &a, &fr, &f) != RC_OK)
		fprintf(stderr, "%s: %s\n", name, f.text);
	CHECK(f.rc == RC_OK);
	CHECK(fr.kind == STEAM_FRAME_STRUCT || fr.header->base.n_unknown_fields == 0);
	steam_frame_write(&out, &fr);
	CHECK(corpus_same(&out, in.p, in.n));
	body_back(&fr, &a);

	/* Whatever is missing at its end, a header that is cut off is noticed. */
	size_t head = in.n - fr.body_n;
	for (size_t n = 0; n < head; n++)
		CHECK(steam_frame_parse(in.p, n, &a, &fr, &f) == RC_MALFORMED);
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
}

static void every_packet(void)
{
	DIR *d = opendir(FOLDER);
	unsigned n = 0;
	CHECK(d != NULL);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".bin")) {
			there_and_back(e->d_name);
			n++;
		}
	closedir(d);
	CHECK(n >= 58);
	CHECK(bodies >= 12);
}

static struct steam_frame parse(const struct buf *in, struct arena *a)
{
	struct steam_frame fr;
	struct fault f = { 0 };
	CHECK(steam_frame_parse(in->p, in->n, a, &fr, &f) == RC_OK);
	return fr;
}

static const CMsgClientPICSProductInfoResponse *product(const struct steam_frame *fr, struct arena *a)
{
	ProtobufCMessage *m;
	struct fault f = { 0 };
	CHECK(fr->emsg == EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE);
	CHECK(pb_unpack(&cmsg_client_picsproduct_info_response__descriptor, fr->body, fr->body_n, a, &m, &f) ==
		RC_OK);
	return (const CMsgClientPICSProductInfoResponse *)m;
}

static void app_480(void)
{
	struct arena a = { 0 };
	struct buf in = corpus_read(FOLDER "002_in_8904_k_EMsgClientPICSProductInfoResponse_app480.bin");
	struct steam_frame fr = parse(&in, &a);
	const CMsgClientPICSProductInfoResponse *m = product(&fr, &a);
	struct fault f = { 0 };

	CHECK(fr.steamid == 117222376117261587u);
	CHECK(fr.session == (int32_t)18446744073433461053u);
	CHECK(fr.job_target == 648715770527745u && fr.job_source == STEAM_JOB_NONE);
	CHECK(fr.eresult == 2); /* absent */
	CHECK(m->n_apps == 1 && m->n_packages == 0 && m->has_response_pending && !m->response_pending);
	CHECK(m->apps[0]->appid == 480 && m->apps[0]->change_number == 24483107 && m->apps[0]->size == 3229);
	CHECK(m->apps[0]->buffer.len == 3229);
	CHECK(pics_check(PICS_APP, m->apps[0]->buffer.data, m->apps[0]->buffer.len, m->apps[0]->sha.data,
		      m->apps[0]->sha.len, &f) == RC_OK);
	buf_done(&in);
	arena_done(&a);
}

static void app_480_metadata(void)
{
	struct arena a = { 0 };
	struct buf in = corpus_read(FOLDER "001_in_8904_k_EMsgClientPICSProductInfoResponse_app480_metadata.bin");
	struct steam_frame fr = parse(&in, &a);
	const CMsgClientPICSProductInfoResponse *m = product(&fr, &a);

	CHECK(m->meta_data_only && m->http_min_size == 1024);
	CHECK_STR(m->http_host, "clientconfig.akamai.steamstatic.com");
	CHECK(m->n_apps == 1 && !m->apps[0]->has_buffer && m->apps[0]->size == 3229);
	buf_done(&in);
	arena_done(&a);
}

static void package_0(void)
{
	struct arena a = { 0 };
	struct buf in = corpus_read(FOLDER "003_in_8904_k_EMsgClientPICSProductInfoResponse_sub0.bin");
	struct steam_frame fr = parse(&in, &a);
	const CMsgClientPICSProductInfoResponse *m = product(&fr, &a);
	struct vdf *doc;
	struct fault f = { 0 };
	uint64_t appid;

	CHECK(m->n_packages == 1 && m->packages[0]->packageid == 0 && m->packages[0]->change_number == 23321079);
	ProtobufCBinaryData b = m->packages[0]->buffer;
	CHECK(b.len == 9276 && m->packages[0]->size == 9276);
	CHECK(pics_check(PICS_PACKAGE, b.data, b.len, m->packages[0]->sha.data, m->packages[0]->sha.len, &f) ==
		RC_OK);
	b.data[100] ^= 1;
	CHECK(pics_check(PICS_PACKAGE, b.data, b.len, m->packages[0]->sha.data, m->packages[0]->sha.len, &f) ==
		RC_MALFORMED);
	b.data[100] ^= 1;
	CHECK(pics_parse(PICS_PACKAGE, b.data, b.len, &a, &doc, &f) == RC_OK);
	CHECK(vdf_number_at(doc, "0/appids/11", &appid) && appid == 440);
	b.data[0] = 2;
	CHECK(pics_parse(PICS_PACKAGE, b.data, b.len, &a, &doc, &f) == RC_MALFORMED);
	buf_done(&in);
	arena_done(&a);
}

static void struct_header(void)
{
	struct arena a = { 0 };
	struct buf in = corpus_read(FOLDER "ClientVACBanStatus.bin");
	struct steam_frame fr = parse(&in, &a);
	struct fault f = { 0 };

	CHECK(fr.kind == STEAM_FRAME_STRUCT && fr.emsg == EMSG_CLIENT_VAC_BAN_STATUS && fr.body_n == 4);
	CHECK(fr.job_source == STEAM_JOB_NONE && fr.job_target == STEAM_JOB_NONE && fr.header == NULL);
	CHECK(steamid_of(fr.steamid).type == STEAMID_INDIVIDUAL && fr.session < 0);
	for (size_t bad = 4; bad < 24; bad += 19) { /* the size, the canary */
		in.p[bad] ^= 0x10;
		CHECK(steam_frame_parse(in.p, in.n, &a, &fr, &f) == RC_MALFORMED);
		in.p[bad] ^= 0x10;
	}
	buf_done(&in);
	arena_done(&a);
}

static void channel_header(uint32_t emsg)
{
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct steam_frame fr = { .kind = STEAM_FRAME_CHANNEL,
		.emsg = emsg,
		.job_source = 5,
		.job_target = STEAM_JOB_NONE,
		.body = (const uint8_t *)"hello",
		.body_n = 5 };

	steam_frame_write(&out, &fr);
	CHECK(out.n == 4 + 16 + 5);
	fr = parse(&out, &a);
	CHECK(fr.kind == STEAM_FRAME_CHANNEL && fr.job_source == 5 && fr.job_target == STEAM_JOB_NONE &&
		fr.body_n == 5);
	buf_done(&out);
	arena_done(&a);
}

/* The logon that an npm client sends, built by us from values. */
static void a_logon_like_theirs(void)
{
	struct buf in = corpus_read(FOLDER "anon_001_out_5514_ClientLogon.bin"), out = { 0 };
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	CMsgClientLogon m = CMSG_CLIENT_LOGON__INIT;
	CMsgIPAddress ip = CMSG_IPADDRESS__INIT;

	h.has_steamid = h.has_client_sessionid = h.has_jobid_source = h.has_jobid_target = 1;
	h.steamid = STEAMID_ANON_TEMPLATE;
	m.has_protocol_version = m.has_client_os_type = m.has_should_remember_password = m.has_chat_mode = 1;
	m.protocol_version = 65580;
	m.client_language = (char *)"";
	m.client_os_type = (uint32_t)-203;
	ip.has_v4 = 1;
	m.obfuscated_private_ip = &ip;
	m.chat_mode = 2;
	m.anon_user_target_account_name = (char *)"anonymous";
	m.machine_name = (char *)"";
	m.has_supports_rate_limit_response = 1;
	steam_frame_write_message(&out, &(struct steam_frame){ .emsg = EMSG_CLIENT_LOGON, .header = &h }, &m.base);
	CHECK(corpus_same(&out, in.p, in.n));
	buf_done(&in);
	buf_done(&out);
}

/* Without a header of its own a frame gets one of ids and jobs. */
static void plain_header(void)
{
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct steam_frame fr = {
		.emsg = 8903, .steamid = 7, .session = -9, .job_source = 3, .job_target = STEAM_JOB_NONE
	};

	steam_frame_write(&out, &fr);
	fr = parse(&out, &a);
	CHECK(fr.emsg == 8903 && fr.steamid == 7 && fr.session == -9 && fr.job_source == 3);
	CHECK(fr.job_target == STEAM_JOB_NONE && !fr.header->has_jobid_target && fr.body_n == 0);
	out.n = 0;
	steam_frame_write(
		&out, &(struct steam_frame){ .emsg = 8904, .job_source = STEAM_JOB_NONE, .job_target = 6 });
	fr = parse(&out, &a);
	CHECK(fr.job_target == 6 && fr.job_source == STEAM_JOB_NONE && !fr.header->has_jobid_source);
	buf_done(&out);
	arena_done(&a);
}

static void limits(void)
{
	struct arena small = { .limit = 64 };
	struct steam_frame fr;
	struct fault f = { 0 };
	uint8_t huge[] = { 1, 0, 0, 0x80, 1, 0, 1, 0 };
	struct buf in = corpus_read(FOLDER "anon_001_out_5514_ClientLogon.bin");

	CHECK(steam_frame_parse(huge, sizeof(huge), &small, &fr, &f) == RC_MALFORMED);
	CHECK(strstr(f.text, "65537"));
	CHECK(steam_frame_parse(in.p, in.n, &small, &fr, &f) == RC_TOO_LARGE);
	buf_done(&in);
	arena_done(&small);
}

int main(void)
{
	every_packet();
	app_480();
	app_480_metadata();
	package_0();
	struct_header();
	channel_header(1303);
	channel_header(1305);
	a_logon_like_theirs();
	plain_header();
	limits();
	return 0;
}
