#include "flow/steam_channel.h"

#include "base/hush.h"
#include "base/rd.h"
#include "wire/steam/channel.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"

#include <openssl/sha.h>
#include <string.h>

#define HANDSHAKE_MEMORY 4096

enum stage { STAGE_REQUEST, STAGE_RESULT, STAGE_OPEN, STAGE_DEAD };

struct steam_channel {
	struct steam_channel_conf conf;
	enum stage stage;
	uint8_t key[CHANNEL_KEY];
	struct buf in;  /* bytes of a frame that is not whole yet */
	struct buf got; /* messages: u32 length and bytes each */
	size_t got_at;
	struct buf out;
};

/* Bytes that nobody else knows, other ones each time. */
static void fresh(struct steam_channel *c, uint8_t *ret, size_t n)
{
	uint8_t in[STEAM_CHANNEL_RANDOM + 1], both[SHA512_DIGEST_LENGTH];

	memcpy(in, c->conf.random, STEAM_CHANNEL_RANDOM);
	in[STEAM_CHANNEL_RANDOM] = 2;
	SHA512(in, sizeof(in), both);
	memcpy(ret, both, n);
	memcpy(c->conf.random, both + SHA512_DIGEST_LENGTH - STEAM_CHANNEL_RANDOM, STEAM_CHANNEL_RANDOM);
	hush_wipe(in, sizeof(in));
	hush_wipe(both, sizeof(both));
}

_Static_assert(CHANNEL_KEY + STEAM_CHANNEL_RANDOM <= SHA512_DIGEST_LENGTH, "one digest makes both");

enum rc steam_channel_new(
	const struct steam_channel_conf *conf, struct steam_channel **ret_channel, struct fault *f)
{
	struct steam_channel *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(f, RC_NOMEM, "no memory for a channel");
	c->conf = *conf;
	if (!c->conf.public_key)
		c->conf.public_key = channel_valve_key();
	*ret_channel = c;
	return RC_OK;
}

void steam_channel_free(struct steam_channel *c)
{
	if (!c)
		return;
	if (c->got.n > 0)
		hush_wipe(c->got.p, c->got.n);
	buf_done(&c->in);
	buf_done(&c->got);
	buf_done(&c->out);
	hush_wipe(c, sizeof(*c));
	free(c);
}

bool steam_channel_is_open(const struct steam_channel *c) { return c->stage == STAGE_OPEN; }
struct buf *steam_channel_out(struct steam_channel *c) { return &c->out; }

static void put_frame(struct steam_channel *c, uint32_t emsg, const struct buf *body)
{
	struct buf message = { 0 };
	const struct steam_frame fr = { .kind = STEAM_FRAME_CHANNEL,
		.emsg = emsg,
		.job_source = STEAM_JOB_NONE,
		.job_target = STEAM_JOB_NONE,
		.body = body->p,
		.body_n = body->n };

	steam_frame_write(&message, &fr);
	if (message.bad)
		c->out.bad = true;
	else
		channel_put(&c->out, message.p, message.n);
	buf_done(&message);
}

static enum rc asked_for_key(struct steam_channel *c, const struct steam_frame *fr, struct fault *f)
{
	uint8_t challenge[CHANNEL_CHALLENGE], seed[CHANNEL_SEED];
	struct buf body = { 0 };

	enum rc rc = channel_request_read(fr->body, fr->body_n, challenge, f);
	if (rc != RC_OK)
		return rc;
	fresh(c, c->key, sizeof(c->key));
	fresh(c, seed, sizeof(seed));
	const struct channel_offer offer = {
		.public_key = c->conf.public_key, .key = c->key, .challenge = challenge, .seed = seed
	};
	rc = channel_response_write(&body, &offer, f);
	if (rc == RC_OK)
		put_frame(c, EMSG_CHANNEL_ENCRYPT_RESPONSE, &body);
	buf_done(&body);
	c->stage = STAGE_RESULT;
	return rc;
}

static enum rc told_result(struct steam_channel *c, const struct steam_frame *fr, struct fault *f)
{
	int32_t eresult;
	enum rc rc = channel_result_read(fr->body, fr->body_n, &eresult, f);
	if (rc != RC_OK)
		return rc;
	if (eresult != ERESULT_OK)
		return fault_set(
			f, RC_REFUSED, "the server refused the key: %s (%d)", eresult_name(eresult), eresult);
	c->stage = STAGE_OPEN;
	return RC_OK;
}

static enum rc shaken(struct steam_channel *c, const uint8_t *p, size_t n, struct fault *f)
{
	struct arena mem = { .limit = HANDSHAKE_MEMORY };
	struct steam_frame fr;

	enum rc rc = steam_frame_parse(p, n, &mem, &fr, f);
	if (rc == RC_OK && c->stage == STAGE_REQUEST && fr.emsg == EMSG_CHANNEL_ENCRYPT_REQUEST)
		rc = asked_for_key(c, &fr, f);
	else if (rc == RC_OK && c->stage == STAGE_RESULT && fr.emsg == EMSG_CHANNEL_ENCRYPT_RESULT)
		rc = told_result(c, &fr, f);
	else if (rc == RC_OK)
		rc = fault_set(f, RC_MALFORMED, "message %u inside of the handshake", fr.emsg);
	arena_done(&mem);
	return rc;
}

static enum rc got_message(struct steam_channel *c, const uint8_t *p, size_t n, struct fault *f)
{
	size_t before = c->got.n;

	buf_le32(&c->got, 0);
	enum rc rc = channel_decrypt(c->key, p, n, &c->got, f);
	if (rc == RC_OK && c->got.bad)
		rc = fault_set(f, RC_NOMEM, "no memory for a message");
	if (rc != RC_OK) {
		c->got.n = before;
		return rc;
	}
	uint32_t length = (uint32_t)(c->got.n - before - 4);
	for (unsigned i = 0; i < 4; i++)
		c->got.p[before + i] = (uint8_t)(length >> 8 * i);
	return RC_OK;
}

enum rc steam_channel_feed(struct steam_channel *c, const void *p, size_t n, struct fault *f)
{
	const uint8_t *payload;
	size_t payload_n;
	enum rc rc = RC_OK;

	if (c->stage == STAGE_DEAD)
		return fault_set(f, RC_MALFORMED, "the channel is broken");
	buf_put(&c->in, p, n);
	if (c->in.bad)
		return fault_set(f, RC_NOMEM, "no memory for %zu bytes", n);
	struct rd r = rd_over(c->in.p, c->in.n);
	while (rc == RC_OK) {
		rc = channel_next(&r, &payload, &payload_n, f);
		if (rc == RC_OK)
			rc = c->stage == STAGE_OPEN ? got_message(c, payload, payload_n, f)
						    : shaken(c, payload, payload_n, f);
	}
	if (rc != RC_MORE) {
		c->stage = STAGE_DEAD;
		buf_done(&c->in);
		return rc;
	}
	if (rd_left(&r) == 0)
		buf_done(&c->in);
	else
		buf_drop(&c->in, c->in.n - rd_left(&r));
	return c->out.bad ? fault_set(f, RC_NOMEM, "no memory for the handshake") : RC_OK;
}

bool steam_channel_next(struct steam_channel *c, const uint8_t **ret_p, size_t *ret_n)
{
	struct rd r = rd_over(c->got.p, c->got.n);
	rd_bytes(&r, c->got_at);
	size_t n = rd_le32(&r);
	const uint8_t *p = rd_bytes(&r, n);
	if (r.bad) {
		buf_done(&c->got);
		c->got_at = 0;
		return false;
	}
	c->got_at = c->got.n - rd_left(&r);
	*ret_p = p;
	*ret_n = n;
	return true;
}

enum rc steam_channel_send(struct steam_channel *c, const void *p, size_t n, struct fault *f)
{
	uint8_t salt[CHANNEL_SALT];
	struct buf sealed = { 0 };

	if (c->stage != STAGE_OPEN)
		return fault_set(f, RC_AWAY, "the channel is not open");
	fresh(c, salt, sizeof(salt));
	enum rc rc = channel_encrypt(c->key, salt, p, n, &sealed);
	if (rc == RC_OK)
		channel_put(&c->out, sealed.p, sealed.n);
	if (rc == RC_OK && (sealed.bad || c->out.bad))
		rc = RC_NOMEM;
	buf_done(&sealed);
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "a message of %zu bytes could not be encrypted", n);
}
