/*
 * What a stranger tries over HTTP: one request hidden in another (alone, and through nginx as shipped), ways out of the paths,
 * headers that other servers obey, lines forged into the log, and pages of other origins. The judge is what the server has
 * answered and what stands in its log, not what it says of itself.
 */
#include "tests/system/rig.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig r;

/* All that is answered until the other side closes, or is quiet for a moment. */
static const char *says(int fd, const char *bytes, size_t n)
{
	static char text[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t got = 0;

	CHECK(send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
	while (got < sizeof(text) - 1 && poll(&p, 1, got ? 150 : 5000) > 0) {
		ssize_t k = recv(fd, text + got, sizeof(text) - 1 - got, 0);
		if (k <= 0)
			break;
		got += (size_t)k;
	}
	text[got] = 0;
	close(fd);
	return text;
}

static size_t times(const char *in, const char *what)
{
	size_t n = 0;
	for (const char *at = in; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static char *log_text(void)
{
	char path[96], *text = NULL;
	size_t n = 0;
	snprintf(path, sizeof(path), "%s/serve.log", r.dir);
	FILE *f = fopen(path, "r");
	CHECK(f && getdelim(&text, &n, 0, f) > 0 && fclose(f) == 0);
	return text;
}

/* ---- one request in another ---- */

#define HIDDEN "GET /v1/hidden-request HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST   "POST /v1/auth/nothing HTTP/1.1\r\nHost: x\r\n"

static const char *const smuggles[] = {
	POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" HIDDEN,
	POST "Content-Length: 0, 44\r\n\r\n" HIDDEN,
	POST "Content-Length: +0\r\n\r\n" HIDDEN,
	POST "Content-Length: 0x0\r\n\r\n" HIDDEN,
	POST "Content-Length: 0 0\r\n\r\n" HIDDEN,
	POST "Content-Length : 0\r\n\r\n" HIDDEN,
	POST " Content-Length: 0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: xchunked\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding:\x0b"
	     "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n0;a=\n\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n00000000000000000\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n1\r\nZ0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" HIDDEN,
	"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n" HIDDEN,
	"GET /livez HTTP/1.1\r\nHost: x\rX: y\r\n\r\n" HIDDEN,
	"GET /livez\r\nHost: x\r\n\r\n" HIDDEN,
};

/* Each is refused whole: one answer at most, 400 or its like, then the end. What is hidden is nobody's request. */
static void one_in_another(void)
{
	for (size_t i = 0; i < sizeof(smuggles) / sizeof(*smuggles); i++) {
		const char *text = says(rig_connect(&r), smuggles[i], strlen(smuggles[i]));
		if (times(text, "HTTP/1.1 ") > 1 ||
			(*text && strncmp(text, "HTTP/1.1 4", 10) != 0 && strncmp(text, "HTTP/1.1 501", 12) != 0) ||
			strncmp(text, "HTTP/1.1 404", 12) == 0) {
			fprintf(stderr, "smuggled: %s\n-> %s\n", smuggles[i], text);
			exit(1);
		}
	}
	/* And this is what two lawful ones look like, lest the check cannot fail. */
	const char *two = says(rig_connect(&r), POST "Content-Length: 0\r\n\r\n" HIDDEN,
		strlen(POST "Content-Length: 0\r\n\r\n" HIDDEN));
	CHECK(times(two, "HTTP/1.1 404") == 2);
}

/* ---- ways out of the paths ---- */

static const char *const paths[] = { "/v1/../v1/jobs", "/v1/%2e%2e/%2e%2e/etc/passwd",
	"/v1/jobs/..%2f..%2fapi-keys", "/v1/jobs/%2e%2e", "/v1//jobs", "//v1/jobs", "/v1/jobs/", "/V1/JOBS",
	"/v1/jobs%00", "/v1/jobs%2f", "/v1/jobs;x=y", "/./v1/jobs", "/v1/%6aobs%20", "/v1/jobs/%252e%252e" };

static void out_of_paths(void)
{
	char ask[512];
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int n = snprintf(ask, sizeof(ask),
			"GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
			paths[i], r.key);
		const char *text = says(rig_connect(&r), ask, (size_t)n);
		bool fine = !strncmp(text, "HTTP/1.1 404", 12) || !strncmp(text, "HTTP/1.1 400", 12) ||
			    !strncmp(text, "HTTP/1.1 422", 12);
		if (!fine || strstr(text, "root:")) {
			fprintf(stderr, "%s\n-> %s\n", paths[i], text);
			exit(1);
		}
	}
}

/* ---- headers that other servers obey ---- */

static void other_servers_headers(void)
{
	json_t *key =
		rig_expect(&r, 201, "POST", "/v1/api-keys", "{\"name\":\"stays\",\"scopes\":[\"jobs:read\"]}");
	char path[96];

	snprintf(path, sizeof(path), "/v1/api-keys/%s", json_str(key, "id"));
	struct rig_answer a = rig_call(&r, "POST", path,
		"X-HTTP-Method-Override: DELETE\nX-HTTP-Method: DELETE\nX-Method-Override: DELETE", NULL);
	CHECK(a.status == 405);
	rig_answer_done(&a);
	a = rig_call(&r, "GET", "/livez", "X-Original-URL: /v1/api-keys\nX-Rewrite-URL: /v1/api-keys", NULL);
	CHECK(a.status == 200 && !strstr(a.text, "apk_"));
	rig_answer_done(&a);
	a = rig_call(&r, "GET", "/v1/jobs",
		"Authorization: Basic YWRtaW46YWRtaW4=\nX-Forwarded-User: admin\nX-Remote-User: admin\nX-User: "
		"admin",
		NULL);
	CHECK(a.status == 401);
	rig_answer_done(&a);
	json_decref(rig_expect(&r, 200, "GET", path, NULL));
	json_decref(key);
}

/* ---- lines forged into the log ---- */

static void forged_lines(void)
{
	static const char *const tries[] = {
		"GET /v1/jobs/%0d%0a2026-01-01T00:00:00.000Z%20error%20FORGED%20LINE HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/jobs/%1b%5b31mFORGED HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\nFORGED\r\n\r\n",
		"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: \x1b[31mFORGED\r\n\r\n",
		"GET /livez HTTP/1.1\r\nHost: x\r\nUser-Agent: \x1b]0;FORGED\x07\r\nTraceparent: FORGED\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		(void)says(rig_connect(&r), tries[i], strlen(tries[i]));
	char *text = log_text();
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		for (size_t i = 0; i < n; i++)
			CHECK((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
		CHECK(n < 6 || strncmp(line, "FORGED", 6) != 0);
		CHECK(!strstr(line, "error FORGED") || strstr(line, "error FORGED") > line + n);
		line += n + (line[n] == '\n');
	}
	free(text);
}

/* ---- browsers ---- */

static const char *const always[][2] = { { "x-content-type-options", "nosniff" },
	{ "content-security-policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "referrer-policy", "no-referrer" }, { "cross-origin-opener-policy", "same-origin" },
	{ "cache-control", "no-store" } };

static void every_answer_is_guarded(void)
{
	static const char *const asks[][2] = { { "GET", "/livez" }, { "GET", "/v1/jobs" }, { "GET", "/v1/none" },
		{ "PUT", "/v1/jobs" }, { "GET", "/v1/openapi.json" }, { "POST", "/v1/jobs" } };
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		struct rig_answer a = rig_call(&r, asks[i][0], asks[i][1], NULL, NULL);
		for (size_t k = 0; k < sizeof(always) / sizeof(*always); k++)
			CHECK_STR(rig_header(&a, always[k][0]), always[k][1]);
		CHECK_STR(rig_header(&a, "cross-origin-resource-policy"), "same-origin");
		CHECK_STR(
			rig_header(&a, "strict-transport-security"), ""); /* nothing is promised over plain HTTP */
		rig_answer_done(&a);
	}
}

/* What a page of this origin is let do: may it read, and may it ask first? */
static void page_of(const char *origin, bool may)
{
	char headers[256];
	snprintf(headers, sizeof(headers), "Origin: %s", origin);
	struct rig_answer a = rig_call(&r, "GET", "/v1/jobs", headers, NULL);
	CHECK(a.status == 200);
	CHECK_STR(rig_header(&a, "access-control-allow-origin"), may ? origin : "");
	CHECK_STR(rig_header(&a, "access-control-allow-credentials"), "");
	CHECK_STR(rig_header(&a, "vary"), "origin");
	rig_answer_done(&a);
	snprintf(headers, sizeof(headers), "Origin: %s\nAccess-Control-Request-Method: POST", origin);
	a = rig_call(&r, "OPTIONS", "/v1/jobs", headers, NULL);
	CHECK(a.status == (may ? 204 : 405));
	CHECK_STR(rig_header(&a, "access-control-allow-origin"), may ? origin : "");
	CHECK((strstr(rig_header(&a, "access-control-allow-headers"), "authorization") != NULL) == may);
	rig_answer_done(&a);
}

static void pages_of_other_origins(void)
{
	page_of("https://ui.example", true);
	page_of("http://localhost:5173", true);
	static const char *const others[] = { "https://ui.example.evil", "http://ui.example",
		"https://ui.example:444", "https://evilui.example", "null",
		"https://ui.example,http://localhost:5173", "https://UI.example", "*", "" };
	for (size_t i = 0; i < sizeof(others) / sizeof(*others) - 1; i++)
		page_of(others[i], false);
	struct rig_answer a = rig_call(&r, "OPTIONS", "/v1/jobs", NULL, NULL); /* no page asks */
	CHECK(a.status == 405);
	rig_answer_done(&a);
}

int main(void)
{
	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", "log.level=debug", "--set",
			      "server.cors_origins=https://ui.example, http://localhost:5173", NULL });
	one_in_another();
	out_of_paths();
	other_servers_headers();
	every_answer_is_guarded();
	pages_of_other_origins();
	forged_lines();
	rig_done(&r);
	return 0;
}
