#include "io/http_call.h"

#include "io/clock.h"
#include "io/http_guard.h"

#include <ctype.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <string.h>

#define PROXY_LOGIN_MAX 511

struct http_caller {
	CURL *easy;
};

struct call {
	const struct http_ask *ask;
	CURL *easy;
	struct http_answer answer;
	struct curl_slist *headers;
	bool too_large, stopped, bad_ca, cut, silent;
	bool answered;     /* the first byte of the answer is here */
	curl_off_t moved;  /* bytes, both ways */
	uint64_t moved_ms; /* when the last of them did */
	void *hold;        /* of the guard */
};

struct http_caller *http_call_new(void)
{
	struct http_caller *c = malloc(sizeof(*c));
	CURL *easy = c ? curl_easy_init() : NULL;
	if (!easy) {
		free(c);
		return NULL;
	}
	c->easy = easy;
	return c;
}

void http_call_free(struct http_caller *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->easy);
	free(c);
}

/* --- what comes */

/* Kept as name, NUL, value, NUL. A new status line begins anew: a 100 or a proxy's answer came before. */
static size_t on_header(char *p, size_t one, size_t n, void *ctx)
{
	struct call *c = ctx;
	struct buf *head = &c->answer.head;
	const char *colon = memchr(p, ':', n);

	(void)one;
	c->answered = true;
	c->moved_ms = 0;
	if (n >= 5 && !memcmp(p, "HTTP/", 5)) {
		head->n = 0;
		return n;
	}
	if (head->n + n > HTTP_CALL_HEAD_MAX) {
		c->too_large = true;
		return 0;
	}
	if (!colon)
		return n;
	size_t from = head->n, end = n;
	buf_put(head, p, (size_t)(colon - p));
	for (size_t i = from; i < head->n; i++)
		head->p[i] = (uint8_t)tolower(head->p[i]);
	buf_u8(head, 0);
	const char *value = colon + 1;
	while (value < p + end && isspace((unsigned char)*value))
		value++;
	while (end > 0 && p + end > value && isspace((unsigned char)p[end - 1]))
		end--;
	buf_put(head, value, (size_t)(p + end - value));
	buf_u8(head, 0);
	return n;
}

const char *http_call_header_at(const struct http_answer *a, const char *name, size_t number)
{
	const char *at = (const char *)a->head.p, *end = at + a->head.n;

	while (at < end) {
		const char *value = at + strlen(at) + 1;
		if (!strcmp(at, name) && number-- == 0)
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

const char *http_call_header_of(const struct http_answer *a, const char *name)
{
	return http_call_header_at(a, name, 0);
}

static size_t on_body(char *p, size_t one, size_t n, void *ctx)
{
	struct call *c = ctx;
	size_t max = c->ask->body_max ? c->ask->body_max : HTTP_CALL_BODY_MAX;
	long status = 0;

	(void)one;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (c->ask->on_body && status >= 200 && status < 300) {
		c->stopped = !c->ask->on_body(c->ask->ctx, p, n);
		return c->stopped ? 0 : n;
	}
	if (n > max - c->answer.body.n && c->ask->body_cut) {
		c->cut = true;
		buf_put(&c->answer.body, p, max - c->answer.body.n);
		return 0;
	}
	if (n > max - c->answer.body.n) {
		c->too_large = true;
		return 0;
	}
	buf_put(&c->answer.body, p, n);
	return c->answer.body.bad ? 0 : n;
}

/*
 * From when the request goes out; until then the limit of connecting holds. Time in which our own functions held the call up does not count:
 * bytes have moved then.
 */
static bool is_silent(struct call *c, curl_off_t moved)
{
	uint32_t most = !c->answered && c->ask->first_ms ? c->ask->first_ms : c->ask->idle_ms;
	curl_off_t went_us = 0;
	uint64_t now_ms = clock_mono_ms();

	curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &went_us);
	if (moved != c->moved || c->moved_ms == 0 || went_us == 0) {
		c->moved = moved;
		c->moved_ms = now_ms;
		return false;
	}
	return most && now_ms - c->moved_ms >= most;
}

static int on_progress(void *ctx, curl_off_t down_n, curl_off_t down, curl_off_t up_n, curl_off_t up)
{
	struct call *c = ctx;

	(void)down_n;
	(void)up_n;
	c->stopped = (c->ask->stop && atomic_load(c->ask->stop)) || (c->ask->halt && c->ask->halt(c->ask->ctx));
	c->silent = !c->stopped && is_silent(c, down + up);
	return c->stopped || c->silent;
}

/* libcurl's own option for such a file would trust nobody else. */
static CURLcode add_ca(CURL *easy, void *ssl_ctx, void *ctx)
{
	struct call *c = ctx;

	(void)easy;
	c->bad_ca = X509_STORE_load_file(SSL_CTX_get_cert_store(ssl_ctx), c->ask->tls_ca) != 1;
	return c->bad_ca ? CURLE_SSL_CACERT_BADFILE : CURLE_OK;
}

/* --- what goes */

static bool put_header(struct call *c, const char *name, const char *value)
{
	struct buf line = { 0 };

	buf_fmt(&line, *value ? "%s: %s" : "%s;", name, value); /* with a semicolon libcurl sends an empty one */
	struct curl_slist *longer = line.bad ? NULL : curl_slist_append(c->headers, buf_text(&line));
	hush_wipe(line.p, line.n);
	buf_done(&line);
	if (longer)
		c->headers = longer;
	return longer;
}

/* They may hold a token. */
static void drop_headers(struct curl_slist *all)
{
	for (struct curl_slist *h = all; h; h = h->next)
		hush_wipe(h->data, strlen(h->data));
	curl_slist_free_all(all);
}

static enum rc set_headers(struct call *c, struct fault *f)
{
	bool typed = false;
	struct curl_slist *longer;

	for (const struct http_call_header *h = c->ask->headers; h && h->name; h++) {
		if (strpbrk(h->name, "\r\n:") || strpbrk(h->value, "\r\n"))
			return fault_set(f, RC_INVALID, "the header %.40s holds a line end", h->name);
		typed |= !strcasecmp(h->name, "content-type");
		if (!put_header(c, h->name, h->value))
			return RC_NOMEM;
	}
	/* What libcurl would add by itself: a wait for 100 Continue, and a type that is none of ours. */
	longer = curl_slist_append(c->headers, "Expect:");
	if (longer && !typed)
		longer = curl_slist_append(c->headers = longer, "Content-Type:");
	if (!longer)
		return RC_NOMEM;
	c->headers = longer;
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
	return RC_OK;
}

static void set_method(struct call *c)
{
	const char *method = c->ask->method ? c->ask->method : "GET";

	if (c->ask->body || !strcmp(method, "POST")) {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->ask->body ? c->ask->body : "");
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->ask->body_n);
	}
	if (!strcmp(method, "HEAD"))
		curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_way(struct call *c)
{
	const struct http_ask *ask = c->ask;

	curl_easy_setopt(c->easy, CURLOPT_URL, ask->url);
	curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "footplate/" FOOTPLATE_VERSION);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)ask->deadline_ms);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(ask->connect_ms ? ask->connect_ms : HTTP_CALL_CONNECT_MS));
	if (ask->receive_n)
		curl_easy_setopt(c->easy, CURLOPT_BUFFERSIZE, (long)ask->receive_n);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	if (ask->slow_bps) {
		curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_LIMIT, (long)ask->slow_bps);
		curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_TIME, (long)((ask->slow_ms + 999) / 1000));
	}
	if (ask->stop || ask->halt || ask->idle_ms || ask->first_ms) {
		curl_easy_setopt(c->easy, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(c->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(c->easy, CURLOPT_XFERINFODATA, c);
	}
	if (ask->unix_socket)
		curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, ask->unix_socket);
	if (ask->tls_ca) {
		curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_FUNCTION, add_ca);
		curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_DATA, c);
	}
}

/* libcurl copies both texts, and wipes neither: they are overwritten when the handle is reset or freed. */
static enum rc set_login(struct call *c, const struct hush *login, struct fault *f)
{
	const uint8_t *colon = memchr(login->p, ':', login->n);
	size_t user_n = colon ? (size_t)(colon - login->p) : login->n;

	if (!colon || user_n == 0 || login->n > PROXY_LOGIN_MAX || memchr(login->p, 0, login->n))
		return fault_set(f, RC_INVALID, "the proxy's login must be USER:PASSWORD");
	char text[PROXY_LOGIN_MAX + 1];
	memcpy(text, login->p, login->n);
	text[user_n] = text[login->n] = 0;
	CURLcode code = curl_easy_setopt(c->easy, CURLOPT_PROXYUSERNAME, text);
	if (code == CURLE_OK)
		code = curl_easy_setopt(c->easy, CURLOPT_PROXYPASSWORD, text + user_n + 1);
	hush_wipe(text, sizeof(text));
	return code == CURLE_OK ? RC_OK : RC_NOMEM;
}

/* By which way it leaves this machine. */
static enum rc set_egress(struct call *c, struct fault *f)
{
	const struct http_ask *ask = c->ask;
	const char *proxy = ask->socks5 ? ask->socks5 : ask->http_proxy ? ask->http_proxy : "";
	const char *bind = ask->bind_address && *ask->bind_address ? ask->bind_address : NULL;
	char local[80];

	curl_easy_setopt(c->easy, CURLOPT_PROXY, proxy); /* "": none, whatever the environment says */
	curl_easy_setopt(
		c->easy, CURLOPT_PROXYTYPE, (long)(ask->socks5 ? CURLPROXY_SOCKS5_HOSTNAME : CURLPROXY_HTTP));
	if (ask->socks5 && ask->http_proxy)
		return fault_set(f, RC_INVALID, "two proxies at once");
	if (bind && snprintf(local, sizeof(local), "host!%s", bind) >= (int)sizeof(local))
		return fault_set(f, RC_INVALID, "the local address is too long");
	if (bind)
		curl_easy_setopt(c->easy, CURLOPT_INTERFACE, local);
	return *proxy && ask->proxy_login && ask->proxy_login->n ? set_login(c, ask->proxy_login, f) : RC_OK;
}

static enum rc rc_of(const struct call *c, CURLcode code)
{
	if (c->bad_ca)
		return RC_INVALID;
	if (c->stopped)
		return RC_CANCELED;
	if (c->silent)
		return RC_TIMEOUT;
	if (c->too_large)
		return RC_TOO_LARGE;
	if (c->cut)
		return c->answer.body.bad ? RC_NOMEM : RC_OK;
	switch ((int)code) {
	case CURLE_OK:
		return RC_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return RC_TIMEOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_LOGIN_DENIED: /* its word for a user in the URL */
		return RC_INVALID;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_WRITE_ERROR:
		return RC_NOMEM;
	case CURLE_PEER_FAILED_VERIFICATION:
		return RC_REFUSED;
	default:
		return RC_AWAY;
	}
}

static enum rc failed(const struct call *c, CURLcode code, const char *words, struct fault *f)
{
	enum rc rc = rc_of(c, code);
	const char *method = c->ask->method ? c->ask->method : "GET";
	int shown = (int)strcspn(c->ask->url, "?#");

	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_INVALID && !c->bad_ca) /* the URL may hold a password then, and is not shown */
		return fault_set(f, rc, "the address must be http:// or https://, without a user: %s",
			curl_easy_strerror(code));
	const char *why = c->bad_ca            ? "the file of certificates holds none, or cannot be read"
			  : rc == RC_TOO_LARGE ? "the answer is larger than is taken here"
			  : rc == RC_CANCELED  ? "stopped"
			  : c->silent          ? "nothing came for too long"
			  : *words             ? words
					       : curl_easy_strerror(code);
	return fault_set(f, rc, "%s %.*s: %s", method, shown > 120 ? 120 : shown, c->ask->url, why);
}

static void note_sent(const struct call *c)
{
	long n = 0;

	if (!c->ask->ret_sent)
		return;
	curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &n);
	*c->ask->ret_sent = n > 0;
}

static enum rc perform(struct call *c, struct fault *f)
{
	char words[CURL_ERROR_SIZE] = "";
	long status = 0;

	curl_easy_reset(c->easy); /* keeps the connections */
	set_way(c);
	set_method(c);
	enum rc rc = set_egress(c, f);
	if (rc == RC_OK)
		rc = set_headers(c, f);
	if (rc == RC_OK && c->ask->guard)
		rc = http_guard_apply(c->ask->guard, c->easy, c->ask->url, &c->hold, f);
	if (rc != RC_OK)
		return rc;
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, words);
	CURLcode code = curl_easy_perform(c->easy);
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
	rc = failed(c, code, words, f);
	if (rc == RC_OK && c->answer.head.bad)
		rc = RC_NOMEM;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	c->answer.status = (int)status;
	note_sent(c);
	return rc;
}

enum rc http_call(const struct http_ask *ask, struct http_answer *ret, struct fault *f)
{
	struct http_caller *own = ask->caller ? NULL : http_call_new();
	struct http_caller *caller = ask->caller ? ask->caller : own;

	if (!caller)
		return RC_NOMEM;
	struct call c = { .ask = ask, .easy = caller->easy };
	enum rc rc = perform(&c, f);
	http_guard_release(c.hold);
	curl_easy_reset(c.easy); /* nothing of this frame stays in it */
	drop_headers(c.headers);
	http_call_free(own);
	if (rc == RC_OK)
		*ret = c.answer;
	else
		http_answer_done(&c.answer);
	return rc;
}
