/*
 * tunnel_play: runs a .scn file against BOTH ends of the agent tunnel, on a clock that only the file moves. What one end sends
 * is carried to the other at once, unless the script holds it, cuts it into pieces or meddles with it.
 *
 *      start                          the ends talk
 *      at MS                          the time is now MS; both ends are ticked
 *      pieces N                       from here on bytes arrive N at a time, and the ends are asked after each
 *      manual                         the script answers HELLO itself, by one of
 *      admit | admit wrong-key | refuse CODE WHY
 *      agent|control send TYPE JSON   sends a message (a RESULT's second line after " // ")
 *      agent long TASK BYTES          sends a RESULT with a result of so many bytes
 *      agent credit N | agent figures LOAD ACTIVE SESSIONS
 *      agent|control close CODE WHY
 *      agent|control forge TYPE JSON  a frame of any type, rightly numbered and tagged, past the machine
 *      agent|control flagged FLAGS TYPE JSON    the same with flags
 *      hold agent|control             what that end sends is kept back
 *      release                        … and goes on its way, in one piece
 *      flip N                         turns a bit of byte N of what is held; -1 is the last
 *      again                          what is held is there twice
 *      swap                           the two frames that are held change places
 *      drop                           what is held is lost
 *      raw agent|control HEX          these bytes come from that end
 *      due agent|control MS           that machine wants to be ticked at MS
 *      credits N                      the control plane's end may send so many tasks
 *      rtt MS                         so long the last heartbeat took
 *      expect …                       what was seen, oldest first: END asked, END hello ID, END up, END got TYPE JSON, END close CODE WHY; nothing
 */
#include "flow/tunnel.h"
#include "flow/uplink.h"
#include "tests/unit/check.h"

#define SEEN_MAX 256

struct wire {
	struct buf bytes; /* on their way */
	bool held;
};

static struct tunnel control;
static struct uplink agent;
static struct wire from_agent, from_control;
static uint64_t now;
static size_t piece;
static bool manual;
static char seen[SEEN_MAX][1024];
static unsigned seen_in, seen_out;
static uint8_t agent_public[TUNNEL_AUTH_KEY];

static void see(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void see(const char *fmt, ...)
{
	va_list ap;
	CHECK(seen_in - seen_out < SEEN_MAX);
	va_start(ap, fmt);
	vsnprintf(seen[seen_in++ % SEEN_MAX], sizeof(seen[0]), fmt, ap);
	va_end(ap);
}

static void see_message(const char *who, const struct tunnel_msg *m)
{
	struct buf b = { 0 };
	tunnel_msg_encode(m, &b);
	char *line = b.n ? memchr(b.p, '\n', b.n) : NULL;
	if (line) {
		size_t rest = b.n - (size_t)(line + 1 - (char *)b.p);
		see("%s got %s %.*s // %zu bytes", who, tunnel_msg_name(m->type), (int)(line - (char *)b.p), b.p,
			rest);
	} else {
		see("%s got %s %s", who, tunnel_msg_name(m->type), buf_text(&b));
	}
	buf_done(&b);
}

static void admit(bool wrong)
{
	uint8_t key[TUNNEL_AUTH_KEY] = { 7 };
	const struct tunnel_msg_task gone[] = { { "task_gone", 1 } };
	tunnel_admit(&control, now, wrong ? key : agent_public,
		&(struct tunnel_msg_welcome){ .session_id = "ses_1",
			.epoch = 3,
			.lease_ms = 6000,
			.time_ms = 1700000000000,
			.cancel = { (void *)gone, 1 } });
}

static void hello(void)
{
	const char *can[] = { "session.login", "pics.changes" };
	const struct tunnel_msg_task has[] = { { "task_gone", 1 }, { "task_b", 2 } };
	uplink_hello(&agent, now,
		&(struct tunnel_msg_hello){ .boot_id = "boot_1",
			.version = "0.1.0",
			.region_id = "reg_eu",
			.capabilities = { can, 2 },
			.capacity.tasks = 4,
			.inflight = { (void *)has, 2 } });
}

static void ask_agent(void)
{
	struct uplink_act a;
	for (int turns = 0; uplink_next(&agent, &a); turns++) {
		CHECK(turns < 10000);
		switch (a.kind) {
		case UPLINK_SEND:
			CHECK(a.n <= TUNNEL_FRAME_MAX);
			buf_put(&from_agent.bytes, a.p, a.n);
			break;
		case UPLINK_ASKED:
			see("agent asked");
			hello();
			break;
		case UPLINK_UP:
			see("agent up %s", a.msg->welcome.session_id);
			break;
		case UPLINK_MESSAGE:
			see_message("agent", a.msg);
			break;
		case UPLINK_CLOSE:
			see("agent close %d %s", a.code, a.why);
			break;
		}
	}
	CHECK(!uplink_next(&agent, &a));
}

static void ask_control(void)
{
	struct tunnel_act a;
	for (int turns = 0; tunnel_next(&control, &a); turns++) {
		CHECK(turns < 10000);
		switch (a.kind) {
		case TUNNEL_SEND:
			CHECK(a.n <= TUNNEL_FRAME_MAX);
			buf_put(&from_control.bytes, a.p, a.n);
			break;
		case TUNNEL_HELLO:
			see("control hello %s", a.msg->hello.agent_id);
			if (!manual)
				admit(false);
			break;
		case TUNNEL_UP:
			see("control up");
			break;
		case TUNNEL_MESSAGE:
			see_message("control", a.msg);
			break;
		case TUNNEL_CLOSE:
			see("control close %d %s", a.code, a.why);
			break;
		}
	}
	CHECK(!tunnel_next(&control, &a));
}

static bool carry(struct wire *w, bool to_agent)
{
	if (w->held || w->bytes.n == 0)
		return false;
	struct buf b = w->bytes;
	w->bytes = (struct buf){ 0 };
	for (size_t at = 0; at < b.n;) {
		size_t n = piece && piece < b.n - at ? piece : b.n - at;
		if (n > TUNNEL_FRAME_MAX)
			n = TUNNEL_FRAME_MAX;
		if (to_agent) {
			uplink_feed(&agent, now, b.p + at, n);
			ask_agent();
		} else {
			tunnel_feed(&control, now, b.p + at, n);
			ask_control();
		}
		at += n;
	}
	buf_done(&b);
	return true;
}

static void pump(void)
{
	ask_control();
	ask_agent();
	while (carry(&from_control, true) || carry(&from_agent, false))
		;
}

static unsigned type_of(const char *name)
{
	for (unsigned t = 1; t < TUNNEL_MSG_TYPES; t++)
		if (!strcmp(tunnel_msg_name(t), name))
			return t;
	return (unsigned)strtoul(name, NULL, 10);
}

static void send_message(bool is_agent, char *arg)
{
	char name[32] = "";
	struct arena a = { 0 };
	struct tunnel_msg m;
	struct fault f = { 0 };

	sscanf(arg, "%31s", name);
	char *json = arg + strlen(name), *line = strstr(json, " // ");
	if (line)
		memcpy(line, "   \n", 4);
	enum rc rc = tunnel_msg_decode(type_of(name), (uint8_t *)json, strlen(json), &a, &m, &f);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", f.text);
		exit(2);
	}
	rc = is_agent ? uplink_send(&agent, &m) : tunnel_send(&control, &m);
	if (rc != RC_OK)
		see("%s cannot: %s", is_agent ? "agent" : "control", rc_name(rc));
	arena_done(&a);
}

static void send_long(const char *arg)
{
	char task[64] = "";
	size_t n = 0;
	sscanf(arg, "%63s %zu", task, &n);
	char *text = malloc(n + 1);
	memset(text, '1', n);
	text[n] = 0;
	enum rc rc = uplink_send(&agent,
		&(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
			.result = { .task_id = task, .attempt = 1, .nonce = "n", .result = text, .result_n = n } });
	if (rc != RC_OK)
		see("agent cannot: %s", rc_name(rc));
	free(text);
}

static void forge(bool is_agent, unsigned flags, char *arg)
{
	char name[32] = "";
	struct tunnel_link *l = is_agent ? &agent.link : &control.link;
	sscanf(arg, "%31s", name);
	const char *json = arg + strlen(name);
	json += *json == ' ';
	const struct tunnel_frame f = { .type = (uint8_t)type_of(name),
		.flags = (uint16_t)flags,
		.seq = ++l->seq_out,
		.payload = (const uint8_t *)json,
		.len = (uint32_t)strlen(json) };
	tunnel_frame_write(is_agent ? &from_agent.bytes : &from_control.bytes, &f, l->keyed ? l->key_out : NULL);
}

static struct buf *held(void) { return from_agent.held ? &from_agent.bytes : &from_control.bytes; }

static void meddle(const char *word, const char *arg)
{
	struct buf *b = held(), copy = { 0 };
	buf_put(&copy, b->p, b->n);
	if (!strcmp(word, "flip")) {
		long at = strtol(arg, NULL, 10);
		b->p[at < 0 ? (long)b->n + at : at] ^= 1;
	} else if (!strcmp(word, "again")) {
		buf_put(b, copy.p, copy.n);
	} else if (!strcmp(word, "swap")) {
		struct tunnel_frame f;
		size_t first;
		CHECK(tunnel_frame_parse(copy.p, copy.n, &f, &first) == RC_OK && first < copy.n);
		b->n = 0;
		buf_put(b, copy.p + first, copy.n - first);
		buf_put(b, copy.p, first);
	} else {
		b->n = 0;
	}
	buf_done(&copy);
}

static void raw(bool is_agent, const char *hex)
{
	unsigned v;
	for (; sscanf(hex, "%2x", &v) == 1; hex += 2)
		buf_u8(is_agent ? &from_agent.bytes : &from_control.bytes, (uint8_t)v);
}

static void refuse(const char *arg)
{
	char *why;
	long code = strtol(arg, &why, 10);
	tunnel_refuse(&control, (int)code, why + 1);
}

/* `agent WORD ARG` and `control WORD ARG` */
static bool say(bool is_agent, char *line)
{
	char word[32] = "";
	int used = 0;
	sscanf(line, "%31s %n", word, &used);
	char *arg = line + used, *why;

	if (!strcmp(word, "send")) {
		send_message(is_agent, arg);
	} else if (!strcmp(word, "long")) {
		send_long(arg);
	} else if (!strcmp(word, "forge")) {
		forge(is_agent, 0, arg);
	} else if (!strcmp(word, "flagged")) {
		unsigned long flags = strtoul(arg, &arg, 10);
		forge(is_agent, (unsigned)flags, arg + 1);
	} else if (!strcmp(word, "credit")) {
		uplink_credit(&agent, (uint32_t)strtoul(arg, NULL, 10));
	} else if (!strcmp(word, "figures")) {
		unsigned a = 0, b = 0, c = 0;
		sscanf(arg, "%u %u %u", &a, &b, &c);
		uplink_figures(&agent, a, b, c);
	} else if (!strcmp(word, "close")) {
		long code = strtol(arg, &why, 10);
		if (is_agent)
			uplink_close(&agent, (int)code, why + 1);
		else
			tunnel_close(&control, (int)code, why + 1);
	} else {
		return false;
	}
	return true;
}

static bool act(const char *word, char *arg)
{
	bool is_agent = !strncmp(arg, "agent", 5);

	if (!strcmp(word, "start"))
		return true;
	if (!strcmp(word, "at")) {
		now = strtoull(arg, NULL, 10);
		tunnel_tick(&control, now);
		uplink_tick(&agent, now);
	} else if (!strcmp(word, "pieces")) {
		piece = strtoul(arg, NULL, 10);
	} else if (!strcmp(word, "manual")) {
		manual = true;
	} else if (!strcmp(word, "admit")) {
		admit(*arg);
	} else if (!strcmp(word, "refuse")) {
		refuse(arg);
	} else if (!strcmp(word, "hold")) {
		(is_agent ? &from_agent : &from_control)->held = true;
	} else if (!strcmp(word, "release")) {
		from_agent.held = from_control.held = false;
	} else if (strstr("flip again swap drop", word)) {
		meddle(word, arg);
	} else if (!strcmp(word, "raw")) {
		raw(is_agent, strchr(arg, ' ') + 1);
	} else if (!strcmp(word, "due")) {
		CHECK((is_agent ? uplink_due(&agent) : tunnel_due(&control)) ==
			strtoull(strchr(arg, ' ') + 1, NULL, 10));
	} else if (!strcmp(word, "credits")) {
		CHECK(tunnel_credit(&control) == strtoul(arg, NULL, 10));
	} else if (!strcmp(word, "rtt")) {
		CHECK(agent.rtt_ms == strtoul(arg, NULL, 10));
	} else if (!strcmp(word, "agent") || !strcmp(word, "control")) {
		return say(!strcmp(word, "agent"), arg);
	} else {
		return false;
	}
	return true;
}

static void begin(void)
{
	struct uplink_conf a = { .agent_id = "agt_1", .identity = { 1 }, .ephemeral = { 16 }, .seed = 42 };
	struct tunnel_conf c = { .nonce = { 3 }, .ephemeral = { 32 }, .identity = { 5 }, .time_ms = 1700000000000 };

	CHECK(tunnel_auth_identity(c.identity, a.control) == RC_OK);
	CHECK(tunnel_auth_identity(a.identity, agent_public) == RC_OK);
	uplink_init(&agent, 0, &a);
	tunnel_init(&control, 0, &c);
}

static bool expected(const char *arg)
{
	const char *did = seen_in > seen_out ? seen[seen_out++ % SEEN_MAX] : "nothing";
	if (!strcmp(did, arg))
		return true;
	fprintf(stderr, "expected '%s'\n     saw '%s'\n", arg, did);
	return false;
}

int main(int argc, char **argv)
{
	FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
	char line[2048];

	CHECK(in != NULL);
	begin();
	for (int no = 1; fgets(line, sizeof(line), in); no++) {
		char word[32] = "";
		int used = 0;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || sscanf(line, "%31s %n", word, &used) < 1)
			continue;
		bool good = strcmp(word, "expect") ? act(word, line + used) : expected(line + used);
		if (!good) {
			fprintf(stderr, "%s:%d: %s\n", argv[1], no, line);
			return 1;
		}
		if (strcmp(word, "manual") && strcmp(word, "pieces") && strcmp(word, "hold"))
			pump();
	}
	while (seen_out < seen_in) /* what is done and not expected is a failure too */
		fprintf(stderr, "%s: not expected: %s\n", argv[1], seen[seen_out++ % SEEN_MAX]), argc = 9;
	fclose(in);
	tunnel_done(&control);
	uplink_done(&agent);
	buf_done(&from_agent.bytes);
	buf_done(&from_control.bytes);
	return argc == 9;
}
