#include "tests/scenario/account_tcp.h"

#include "flow/steam_channel.h"
#include "tests/unit/check.h"
#include "wire/steam/channel.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

#define PIECE 7

static struct steam_channel *client;
static uint8_t key[CHANNEL_KEY];
static char public_key[4096], private_key[4096];
static struct buf carried;

static void read_file(const char *folder, const char *name, char to[static 4096])
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "r");
	CHECK(in != NULL);
	to[fread(to, 1, 4095, in)] = 0;
	fclose(in);
}

static void frame(struct buf *to, uint32_t emsg, const struct buf *body)
{
	struct buf m = { 0 };
	steam_frame_write(&m, &(struct steam_frame){ .kind = STEAM_FRAME_CHANNEL,
				      .emsg = emsg,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body->p,
				      .body_n = body->n });
	channel_put(to, m.p, m.n);
	buf_done(&m);
}

/* Bytes to the client, in small pieces. */
static enum rc feed(const struct buf *bytes, struct fault *f)
{
	enum rc rc = RC_OK;
	for (size_t at = 0; rc == RC_OK && at < bytes->n; at += PIECE)
		rc = steam_channel_feed(client, bytes->p + at, bytes->n - at < PIECE ? bytes->n - at : PIECE, f);
	return rc;
}

static void server_hears_key(const uint8_t *challenge)
{
	struct buf *out = steam_channel_out(client);
	struct arena mem = { 0 };
	struct rd r = rd_over(out->p, out->n);
	struct steam_frame fr;
	struct fault f = { 0 };
	const uint8_t *p;
	size_t n;

	CHECK(channel_next(&r, &p, &n, &f) == RC_OK && rd_left(&r) == 0);
	CHECK(steam_frame_parse(p, n, &mem, &fr, &f) == RC_OK && fr.emsg == EMSG_CHANNEL_ENCRYPT_RESPONSE);
	CHECK(channel_response_read(fr.body, fr.body_n, private_key, challenge, key, &f) == RC_OK);
	buf_done(out);
	arena_done(&mem);
}

void account_tcp_open(const char *folder)
{
	static const uint8_t challenge[CHANNEL_CHALLENGE] = "a challenge....";
	struct steam_channel_conf conf = { .public_key = public_key, .random = { 5 } };
	struct buf body = { 0 }, wire = { 0 };
	struct fault f = { 0 };

	account_tcp_close();
	read_file(folder, "channel_public.pem", public_key);
	read_file(folder, "channel.pem", private_key);
	CHECK(steam_channel_new(&conf, &client, &f) == RC_OK && !steam_channel_is_open(client));
	CHECK(steam_channel_send(client, "x", 1, &f) == RC_AWAY);
	channel_request_write(&body, challenge);
	frame(&wire, EMSG_CHANNEL_ENCRYPT_REQUEST, &body);
	CHECK(feed(&wire, &f) == RC_OK && !steam_channel_is_open(client));
	server_hears_key(challenge);
	buf_done(&body);
	buf_done(&wire);
	channel_result_write(&body, 1);
	frame(&wire, EMSG_CHANNEL_ENCRYPT_RESULT, &body);
	CHECK(feed(&wire, &f) == RC_OK && steam_channel_is_open(client));
	buf_done(&body);
	buf_done(&wire);
}

void account_tcp_close(void)
{
	steam_channel_free(client);
	client = NULL;
	buf_done(&carried);
}

struct buf *account_tcp_carry(const void *p, size_t n)
{
	struct buf *out = steam_channel_out(client);
	struct fault f = { 0 };
	const uint8_t *sealed;
	size_t sealed_n;

	CHECK(steam_channel_send(client, p, n, &f) == RC_OK);
	struct rd r = rd_over(out->p, out->n);
	CHECK(channel_next(&r, &sealed, &sealed_n, &f) == RC_OK && rd_left(&r) == 0);
	buf_done(&carried);
	CHECK(channel_decrypt(key, sealed, sealed_n, &carried, &f) == RC_OK);
	buf_done(out);
	return &carried;
}

struct buf *account_tcp_deliver(const struct buf *message, bool tampered, struct fault *f)
{
	static const uint8_t salt[CHANNEL_SALT] = { 1, 2, 3 };
	struct buf sealed = { 0 }, wire = { 0 };
	const uint8_t *p = NULL, *more;
	size_t n = 0;

	CHECK(channel_encrypt(key, salt, message->p, message->n, &sealed) == RC_OK);
	sealed.p[sealed.n / 2] ^= tampered;
	channel_put(&wire, sealed.p, sealed.n);
	enum rc rc = feed(&wire, f);
	buf_done(&sealed);
	buf_done(&wire);
	if (rc != RC_OK)
		return NULL;
	buf_done(&carried);
	CHECK(steam_channel_next(client, &p, &n));
	buf_put(&carried, p, n);
	CHECK(!steam_channel_next(client, &more, &n));
	return &carried;
}
