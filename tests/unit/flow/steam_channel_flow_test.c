/* What goes wrong in a handshake; that it goes well, and tampering, is in the scenarios account_tcp*.scn. */
#include "flow/steam_channel.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/channel.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

static struct steam_channel *channel(const char *public_key)
{
	struct steam_channel *c;
	struct fault f = { 0 };
	CHECK(steam_channel_new(
		      &(struct steam_channel_conf){ .public_key = public_key, .random = { 1 } }, &c, &f) == RC_OK);
	return c;
}

static enum rc fed(struct steam_channel *c, uint32_t emsg, const void *body, size_t n)
{
	struct buf m = { 0 }, wire = { 0 };
	struct fault f = { 0 };
	steam_frame_write(&m, &(struct steam_frame){ .kind = STEAM_FRAME_CHANNEL,
				      .emsg = emsg,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body,
				      .body_n = n });
	channel_put(&wire, m.p, m.n);
	enum rc rc = steam_channel_feed(c, wire.p, wire.n, &f);
	CHECK(rc == RC_OK || f.text[0]);
	buf_done(&m);
	buf_done(&wire);
	return rc;
}

/* Protocol 1, universe 1, a challenge. */
static const uint8_t request[24] = { 1, 0, 0, 0, 1, 0, 0, 0, 7, 7, 7 };

static void other_order(void)
{
	struct steam_channel *c = channel(NULL);
	CHECK(fed(c, EMSG_CHANNEL_ENCRYPT_RESULT, "\1\0\0\0", 4) == RC_MALFORMED);
	CHECK(fed(c, EMSG_CHANNEL_ENCRYPT_REQUEST, request, sizeof(request)) == RC_MALFORMED); /* it is dead */
	CHECK(!steam_channel_is_open(c));
	steam_channel_free(c);
}

/* Steam's own key is the one that it uses when it is given none; two channels do not offer the same. */
static void steams_key(void)
{
	struct steam_channel *a = channel(NULL), *b;
	struct fault f = { 0 };
	CHECK(steam_channel_new(&(struct steam_channel_conf){ .random = { 2 } }, &b, &f) == RC_OK);
	CHECK(fed(a, EMSG_CHANNEL_ENCRYPT_REQUEST, request, sizeof(request)) == RC_OK);
	CHECK(fed(b, EMSG_CHANNEL_ENCRYPT_REQUEST, request, sizeof(request)) == RC_OK);
	CHECK(steam_channel_out(a)->n == steam_channel_out(b)->n && steam_channel_out(a)->n > 128);
	CHECK(memcmp(steam_channel_out(a)->p, steam_channel_out(b)->p, steam_channel_out(a)->n) != 0);
	CHECK(fed(a, EMSG_CHANNEL_ENCRYPT_RESULT, "\2\0\0\0", 4) == RC_REFUSED && !steam_channel_is_open(a));
	CHECK(fed(b, EMSG_CHANNEL_ENCRYPT_RESULT, "\1\0\0\0", 4) == RC_OK && steam_channel_is_open(b));
	CHECK(steam_channel_feed(b, "\4\0\0\0VT01abcd", 12, &f) != RC_OK && !steam_channel_is_open(b));
	CHECK(steam_channel_send(b, "x", 1, &f) == RC_AWAY);
	steam_channel_free(a);
	steam_channel_free(b);
}

static void no_such_transport(void)
{
	struct steam_channel *c = channel(NULL);
	struct fault f = { 0 };
	CHECK(steam_channel_feed(c, "HTTP/1.1 200", 12, &f) == RC_MALFORMED);
	steam_channel_free(c);
	c = channel("no key");
	CHECK(fed(c, EMSG_CHANNEL_ENCRYPT_REQUEST, request, sizeof(request)) == RC_MALFORMED);
	steam_channel_free(c);
	c = channel(NULL);
	CHECK(fed(c, EMSG_CHANNEL_ENCRYPT_REQUEST, "\2\0\0\0\1\0\0\0abcdefghijklmnop", 24) == RC_INVALID);
	steam_channel_free(c);
	steam_channel_free(NULL);
}

int main(void)
{
	other_order();
	steams_key();
	no_such_transport();
	return 0;
}
