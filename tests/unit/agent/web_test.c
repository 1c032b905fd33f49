#include "agent/web.h"

#include "agent/sessions.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* A site that answers what the test says, and keeps what it was asked. One request a connection. */
static struct {
	int fd;
	char base[64];
	const char *answers[4];
	unsigned n;
	char asked[4][4096];
	pthread_t thread;
} site;

static unsigned fresh, pauses, lanes;
static bool anonymous;
static unsigned unlocks;        /* asked for */
static bool knows_pin, is_open; /* of the store */
static struct action_task t;
static struct arena arena;
static struct fault f;

static void *serve(void *ctx)
{
	(void)ctx;
	for (unsigned i = 0; i < site.n; i++) {
		char *to = site.asked[i];
		size_t n = 0;
		int fd = accept(site.fd, NULL, NULL);
		CHECK(fd >= 0);
		do {
			ssize_t got = read(fd, to + n, sizeof(site.asked[i]) - 1 - n);
			CHECK(got > 0);
			n += (size_t)got;
			to[n] = 0;
		} while (!strstr(to, "\r\n\r\n") ||
			 (!strncmp(to, "POST", 4) && !strstr(to, "sessionid=0123456789")));
		CHECK(write(fd, site.answers[i], strlen(site.answers[i])) == (ssize_t)strlen(site.answers[i]));
		close(fd);
	}
	return NULL;
}

static void expect(const char *first, const char *second)
{
	arena_done(&arena);
	t = (struct action_task){ .arena = &arena, .account_id = "a", .deadline_ms = clock_mono_ms() + 20000 };
	f = (struct fault){ 0 };
	fresh = pauses = lanes = 0;
	site.answers[0] = first;
	site.answers[1] = second;
	site.n = second ? 2 : 1;
	CHECK(pthread_create(&site.thread, NULL, serve, NULL) == 0);
}

static enum rc ask(const struct agent_web_ask *a, struct agent_web_answer *ret)
{
	enum rc rc = agent_web(&t, a, ret, &f);

	pthread_join(site.thread, NULL);
	http_call_free(t.http);
	t.http = NULL;
	return rc;
}

enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *fault)
{
	(void)ss;
	(void)fault;
	fresh += c->fresh;
	if (c->want == SESSIONS_UNLOCK) {
		CHECK(c->store);
		unlocks++;
		is_open = knows_pin;
		return knows_pin ? RC_OK : RC_DENIED;
	}
	if (is_open)
		CHECK(hush_set(&c->web->store_unlock, "76-1", 4) == RC_OK);
	anonymous = c->want == SESSIONS_EGRESS;
	if (anonymous)
		return RC_OK;
	c->web->steamid = 76561198006409530u;
	snprintf(c->web->session_id, sizeof(c->web->session_id), "0123456789abcdef01234567");
	return hush_set(&c->web->access_token, c->fresh ? "new.token" : "old.token", 9);
}

void sessions_web_done(struct sessions_web *w)
{
	hush_done(&w->access_token);
	hush_done(&w->store_unlock);
}

const struct sessions_urls *sessions_urls(const struct sessions *ss)
{
	static struct sessions_urls urls;
	(void)ss;
	urls = (struct sessions_urls){ site.base, site.base, site.base, site.base, NULL };
	return &urls;
}

enum rc task_lanes(struct action_task *task, const enum lane *l, unsigned n, struct fault *fault)
{
	(void)task;
	(void)fault;
	CHECK(l && n == 1);
	lanes++;
	return RC_OK;
}

void task_pause(struct action_task *task, enum lane lane, const char *reason)
{
	(void)task;
	(void)reason;
	CHECK(lane == LANE_COMMUNITY_WEB);
	pauses++;
}

#define ANSWER(status, head, body) "HTTP/1.1 " status " X\r\nConnection: close\r\n" head "\r\n" body
#define OK_ANSWER                  ANSWER("200", "Content-Length: 2\r\nX-eresult: 1\r\n", "hi")
#define LOST                       ANSWER("302", "Content-Length: 0\r\nLocation: http://x/login/home/\r\n", "")

static const struct agent_web_ask get = { .site = WEB_COMMUNITY,
	.method = "GET",
	.path = "/p",
	.query = (struct agent_web_pair[]){ { "a", "b c" }, { "left_out", NULL }, { "d", "&" }, { 0 } },
	.referer = "/from",
	.repeat = true,
	.lanes = (enum lane[]){ LANE_COMMUNITY_WEB },
	.lanes_n = 1,
	.pause_on_429 = LANE_COMMUNITY_WEB };

static void a_page_is_asked_for(void)
{
	struct agent_web_answer a;
	char line[128];

	expect(OK_ANSWER, NULL);
	CHECK(ask(&get, &a) == RC_OK && a.status == 200 && a.body_n == 2 && a.eresult == 1 && lanes == 1);
	CHECK_STR(a.body, "hi");
	CHECK(!strncmp(site.asked[0], "GET /p?a=b%20c&d=%26 HTTP/1.1\r\n", 31));
	CHECK(strstr(site.asked[0], "Cookie: steamLoginSecure=76561198006409530%7C%7Cold.token; "
				    "sessionid=0123456789abcdef01234567\r\n"));
	snprintf(line, sizeof(line), "Referer: %s/from\r\n", site.base);
	CHECK(strstr(site.asked[0], line) && !strstr(site.asked[0], "Origin:"));
}

static void a_form_is_sent(void)
{
	struct agent_web_ask post = get;
	struct agent_web_answer a;
	char line[128];

	post.method = "POST";
	post.query = NULL;
	post.form = (struct agent_web_pair[]){ { "k", "1+1" }, { 0 } };
	expect(OK_ANSWER, NULL);
	CHECK(ask(&post, &a) == RC_OK);
	CHECK(strstr(site.asked[0], "\r\n\r\nk=1%2B1&sessionid=0123456789abcdef01234567"));
	snprintf(line, sizeof(line), "Origin: %s\r\n", site.base);
	CHECK(strstr(site.asked[0], line) && strstr(site.asked[0], "application/x-www-form-urlencoded"));
}

static void the_api_gets_the_token(void)
{
	struct agent_web_ask api = get;
	struct agent_web_answer a;

	api.site = WEB_API;
	api.token = true;
	expect(OK_ANSWER, NULL);
	CHECK(ask(&api, &a) == RC_OK);
	CHECK(strstr(site.asked[0], "&access_token=old.token HTTP/1.1") && !strstr(site.asked[0], "Cookie:"));
	expect(ANSWER("403", "Content-Length: 0\r\n", ""), OK_ANSWER);
	CHECK(ask(&api, &a) == RC_OK && fresh == 1 && strstr(site.asked[1], "access_token=new.token"));
}

static void a_lost_session_is_renewed_once(void)
{
	struct agent_web_ask once = get;
	struct agent_web_answer a;

	expect(LOST, OK_ANSWER);
	CHECK(ask(&get, &a) == RC_OK && a.status == 200 && fresh == 1 && lanes == 2);
	CHECK(strstr(site.asked[1], "new.token"));
	expect(LOST, LOST);
	CHECK(ask(&get, &a) == RC_DENIED && fresh == 1);
	CHECK_STR(t.code, "web_session_lost");
	once.repeat = false;
	expect(LOST, NULL);
	CHECK(ask(&once, &a) == RC_DENIED && fresh == 1);
}

static void throttled_and_broken(void)
{
	struct agent_web_ask open = get;
	struct agent_web_answer a;

	expect(ANSWER("429", "Content-Length: 0\r\n", ""), NULL);
	CHECK(ask(&get, &a) == RC_LIMIT && pauses == 1);
	CHECK_STR(t.code, "rate_limited");
	CHECK(t.again_ms == 0);
	expect(ANSWER("429", "Retry-After: 37\r\nContent-Length: 0\r\n", ""), NULL);
	CHECK(ask(&get, &a) == RC_LIMIT && t.again_ms == 37000);
	expect(ANSWER("429", "Retry-After: Sat, 21 Nov 2026 20:00:00 GMT\r\nContent-Length: 0\r\n", ""), NULL);
	CHECK(ask(&get, &a) == RC_LIMIT && t.again_ms == 0);
	expect(ANSWER("429", "Retry-After: 99999999999999999999\r\nContent-Length: 0\r\n", ""), NULL);
	CHECK(ask(&get, &a) == RC_LIMIT && t.again_ms == 86400000); /* a day at most */
	pauses = 1;
	expect(ANSWER("200", "Content-Length: 10\r\n", "cut"), NULL);
	CHECK(ask(&get, &a) == RC_AWAY && a.sent && !strstr(f.text, "b%20c") && !strstr(f.text, "token"));
	open.anonymous = true;
	expect(LOST, NULL);
	CHECK(ask(&open, &a) == RC_OK && a.status == 302 && anonymous && !strstr(site.asked[0], "Cookie:"));
	t.deadline_ms = clock_mono_ms();
	CHECK(agent_web(&t, &get, &a, &f) == RC_TIMEOUT && !a.sent);
}

/* A page under a parental PIN: opened once when the PIN is known, and asked for again, also a form: a locked page has done nothing. */
static void family_view(void)
{
	static const char locked[] =
		ANSWER("403", "Content-Length: 48\r\n", "<div id=\"parental_notice_instructions\">PIN</div>");
	struct agent_web_ask post = get;
	struct agent_web_answer a;

	post.site = WEB_STORE;
	post.method = "POST";
	post.repeat = false;
	unlocks = 0;
	expect(locked, NULL);
	CHECK(ask(&post, &a) == RC_DENIED && unlocks == 1);
	CHECK_STR(t.code, "family_view");
	knows_pin = true;
	expect(locked, OK_ANSWER);
	CHECK(ask(&post, &a) == RC_OK && a.status == 200 && unlocks == 2 && lanes == 2);
	CHECK(!strstr(site.asked[0], "steamparental"));
	CHECK(strstr(site.asked[1], "; sessionid=0123456789abcdef01234567; steamparental=76-1\r\n"));
	expect(locked, locked); /* it does not help */
	CHECK(ask(&post, &a) == RC_DENIED && unlocks == 3);
	CHECK_STR(t.code, "family_view");
	expect(OK_ANSWER, NULL);
	CHECK(ask(&get, &a) == RC_OK && !strstr(site.asked[0], "steamparental")); /* each site has its own */
	is_open = knows_pin = false;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	site.fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(site.fd, (struct sockaddr *)&at, n) == 0 && listen(site.fd, 4) == 0);
	CHECK(getsockname(site.fd, (struct sockaddr *)&at, &n) == 0);
	snprintf(site.base, sizeof(site.base), "http://127.0.0.1:%u", ntohs(at.sin_port));
	a_page_is_asked_for();
	a_form_is_sent();
	the_api_gets_the_token();
	a_lost_session_is_renewed_once();
	throttled_and_broken();
	family_view();
	arena_done(&arena);
	close(site.fd);
	return 0;
}
