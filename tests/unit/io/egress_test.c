/* What is said to a proxy, byte by byte. */
#include "io/egress.h"

#include "tests/unit/check.h"

static const struct hush login = { (uint8_t *)"us:p:w", 6 };

static enum rc begin(struct egress_talk *t, struct egress e, const char *host, struct buf *to)
{
	struct fault f = { 0 };
	*t = (struct egress_talk){ 0 };
	return egress_begin(t, &e, host, 443, to, &f);
}

/* Shows `reply` a byte at a time; the rc at which it stops being RC_MORE, and how many bytes it took by then. */
static enum rc hear(struct egress_talk *t, const void *reply, size_t n, struct buf *to, size_t *ret_taken)
{
	const uint8_t *p = reply;
	struct fault f = { 0 };
	size_t at = 0, used;

	for (size_t end = 1; end <= n; end++) {
		enum rc rc = egress_hear(t, p + at, end - at, &used, to, &f);
		at += used;
		*ret_taken = end;
		if (rc == RC_MORE)
			continue;
		CHECK(rc != RC_OK || at == end);
		CHECK(rc == RC_OK || (*f.text && !strstr(f.text, "p:w")));
		return rc;
	}
	return RC_MORE;
}

static void http(void)
{
	struct egress_talk t;
	struct buf to = { 0 };
	size_t n;

	CHECK(begin(&t, (struct egress){ EGRESS_HTTP_PROXY, "p:1", &login }, "cm.example", &to) == RC_OK);
	CHECK_STR(buf_text(&to), "CONNECT cm.example:443 HTTP/1.1\r\nHost: cm.example:443\r\n"
				 "Proxy-Authorization: Basic dXM6cDp3\r\n\r\n");
	static const char yes[] = "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n";
	CHECK(hear(&t, yes, sizeof(yes) - 1, &to, &n) == RC_OK && n == sizeof(yes) - 1);
	egress_done(&t);
	buf_done(&to);
	CHECK(begin(&t, (struct egress){ EGRESS_HTTP_PROXY, "p:1", NULL }, "2001:db8::1", &to) == RC_OK);
	CHECK_STR(buf_text(&to), "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
	CHECK(hear(&t, "HTTP/1.0 407 No\r\n\r\n", 19, &to, &n) == RC_DENIED);
	CHECK(hear(&t, "HTTP/1.1 503 No\r\n\r\n", 19, &to, &n) == RC_REFUSED);
	CHECK(hear(&t, "SSH-2.0-x\r\n\r\n", 13, &to, &n) == RC_MALFORMED);
	char *longer = malloc(EGRESS_REPLY_MAX);
	memset(longer, 'x', EGRESS_REPLY_MAX);
	CHECK(hear(&t, longer, EGRESS_REPLY_MAX, &to, &n) == RC_MALFORMED);
	free(longer);
	egress_done(&t);
	buf_done(&to);
}

#define IS(b, text) ((b).n == sizeof(text) - 1 && !memcmp((b).p, text, sizeof(text) - 1))

static void socks(void)
{
	static const struct egress e = { EGRESS_SOCKS5, "p:1", &login };
	struct egress_talk t;
	struct buf to = { 0 };
	size_t n;

	CHECK(begin(&t, e, "cm.example", &to) == RC_OK && IS(to, "\5\2\0\2"));
	to.n = 0;
	CHECK(hear(&t, "\5\2", 2, &to, &n) == RC_MORE && IS(to, "\1\2us\3p:w"));
	to.n = 0;
	CHECK(hear(&t, "\1\0", 2, &to, &n) == RC_MORE && IS(to, "\5\1\0\3\12cm.example\1\273"));
	to.n = 0;
	CHECK(hear(&t, "\5\0\0\3\4abcd\0\1", 11, &to, &n) == RC_OK && n == 11 && to.n == 0);
	egress_done(&t);

	CHECK(begin(&t, e, "1.2.3.4", &to) == RC_OK); /* the proxy asks for no login */
	to.n = 0;
	CHECK(hear(&t, "\5\0", 2, &to, &n) == RC_MORE && IS(to, "\5\1\0\1\1\2\3\4\1\273"));
	CHECK(hear(&t, "\5\5\0\1\0\0\0\0\0\0", 10, &to, &n) == RC_REFUSED);
	egress_done(&t);

	to.n = 0;
	CHECK(begin(&t, (struct egress){ EGRESS_SOCKS5, "p:1", NULL }, "::1", &to) == RC_OK && IS(to, "\5\1\0"));
	CHECK(hear(&t, "\5\2", 2, &to, &n) == RC_DENIED); /* it wants one, and none was offered */
	egress_done(&t);
	to.n = 0;
	CHECK(begin(&t, e, "::1", &to) == RC_OK);
	CHECK(hear(&t, "\5\2\1\1", 4, &to, &n) == RC_DENIED);
	egress_done(&t);
	CHECK(begin(&t, e, "::1", &to) == RC_OK);
	CHECK(hear(&t, "HT", 2, &to, &n) == RC_MALFORMED);
	egress_done(&t);
	buf_done(&to);
}

static void what_is_none(void)
{
	static const struct hush no_colon = { (uint8_t *)"user", 4 }, line = { (uint8_t *)"u:p\r\nX: y", 9 };
	static const struct egress bad[] = { { EGRESS_BIND, "localhost", NULL }, { EGRESS_BIND, NULL, NULL },
		{ EGRESS_SOCKS5, "host", NULL }, { EGRESS_HTTP_PROXY, "u:p@host:1", NULL },
		{ EGRESS_HTTP_PROXY, NULL, NULL }, { EGRESS_SOCKS5, "h:1", &no_colon },
		{ EGRESS_HTTP_PROXY, "h:1", &line } };
	static const struct egress good[] = { { 0 }, { EGRESS_BIND, "127.0.0.1", NULL },
		{ EGRESS_BIND, "::1", NULL }, { EGRESS_SOCKS5, "[::1]:1080", &login } };
	struct fault f = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(egress_check(&bad[i], &f) == RC_INVALID && *f.text);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(egress_check(&good[i], &f) == RC_OK);
	CHECK_STR(egress_kind_words[EGRESS_SOCKS5], "socks5");
}

int main(void)
{
	http();
	socks();
	what_is_none();
	return 0;
}
