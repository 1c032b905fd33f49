#include "wire/shop_code.h"
#include "wire/json.h"
#include "wire/oidc.h"

#include <jansson.h>
#include <string.h>

void shop_code_page(enum shop_token_form form, const struct shop_code_page *page, struct buf *to)
{
	struct buf back = { 0 };

	if (form == SHOP_TOKEN_EPIC) {
		buf_fmt(&back, "%s/api/redirect?", page->url);
		oidc_put_pair(&back, "clientId", page->client_id);
		oidc_put_pair(&back, "responseType", "code");
		buf_fmt(to, "%s/login?", page->url);
		oidc_put_pair(to, "redirectUrl", buf_text(&back));
	} else {
		buf_fmt(to, "%s?", page->url);
		oidc_put_pair(to, "client_id", page->client_id);
		oidc_put_pair(to, "redirect_uri", page->redirect);
		oidc_put_pair(to, "response_type", "code");
		oidc_put_pair(to, "layout", "client2");
	}
	to->bad |= back.bad;
	buf_done(&back);
}

/* ---- what a person brings ---- */

static bool is_code(const char *p, size_t n)
{
	if (n == 0 || n > SHOP_CODE_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=", p[i]) || !p[i])
			return false;
	return true;
}

static enum rc take_code(const char *p, size_t n, struct hush *ret, struct fault *f)
{
	if (!is_code(p, n))
		return fault_set(f, RC_INVALID,
			"there is no code in this: bring the code, or the whole address that the page led to");
	return hush_set(ret, p, n);
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, (unsigned char)c | 0x20) : NULL;
	return at && ((c >= '0' && c <= '9') || c >= 'A') ? (int)(at - digits) : -1;
}

/* Of an address, up to its end, the next parameter or the fragment; %XX stands for a byte. */
static enum rc take_escaped(const char *p, const char *end, struct hush *ret, struct fault *f)
{
	uint8_t text[SHOP_CODE_MAX + 1];
	size_t n = 0;

	for (; p < end && *p != '&' && *p != '#' && n < sizeof(text); p++) {
		int high = *p == '%' && end - p > 2 ? digit(p[1]) : -1;
		int low = high >= 0 ? digit(p[2]) : -1;
		text[n++] = low >= 0 ? (uint8_t)(high * 16 + low) : (uint8_t)*p;
		p += low >= 0 ? 2 : 0;
	}
	enum rc rc = take_code((const char *)text, n, ret, f);
	hush_wipe(text, sizeof(text));
	return rc;
}

static enum rc take_from_address(const char *p, size_t n, struct hush *ret, struct fault *f)
{
	const char *end = p + n;

	for (const char *at = p; end - at > 6; at++)
		if ((*at == '?' || *at == '&') && !memcmp(at + 1, "code=", 5))
			return take_escaped(at + 6, end, ret, f);
	return take_code(p, 0, ret, f);
}

static enum rc take_from_json(const char *p, size_t n, struct hush *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(p, n, &j, NULL);
	const json_t *code = json_object_get(j, "authorizationCode");

	if (rc != RC_OK && rc != RC_NOMEM)
		rc = take_code(p, 0, ret, f);
	else if (rc == RC_OK && json_is_null(code))
		rc = fault_set(f, RC_INVALID,
			"the page has given no code (authorizationCode is null): log on there, and open it again");
	else if (rc == RC_OK)
		rc = take_code(
			json_string_value(code) ? json_string_value(code) : "", json_string_length(code), ret, f);
	json_wipe(j);
	return rc;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

enum rc shop_code_read(const char *p, size_t n, struct hush *ret, struct fault *f)
{
	while (n > 0 && is_space(p[n - 1]))
		n--;
	while (n > 0 && is_space(*p)) {
		p++;
		n--;
	}
	if (n > SHOP_CODE_BRING)
		return take_code(p, 0, ret, f);
	if (n > 0 && *p == '{')
		return take_from_json(p, n, ret, f);
	if (n > 8 && (!memcmp(p, "https://", 8) || !memcmp(p, "http://", 7)))
		return take_from_address(p, n, ret, f);
	return take_code(p, n, ret, f);
}

/* ---- what the store says ---- */

enum shop_code_no shop_code_why(const void *p, size_t n)
{
	/* A part of Epic's errorCode, or the whole of `error` (RFC 6749 section 5.2). */
	static const struct {
		const char *epic, *error;
		enum shop_code_no no;
	} all[] = {
		{ "corrective_action_required", "corrective_action_required", SHOP_CODE_PERSON },
		{ "not_for_your_client", "unauthorized_client", SHOP_CODE_CLIENT },
		{ "invalid_client", "invalid_client", SHOP_CODE_CLIENT },
		{ "authorization_code_not_found", "invalid_grant", SHOP_CODE_GRANT },
		{ "invalid_refresh_token", "invalid_grant", SHOP_CODE_GRANT },
	};
	auto_json struct json_t *j = NULL;

	if (n > SHOP_TOKEN_ANSWER || json_read(p, n, &j, NULL) != RC_OK)
		return SHOP_CODE_UNKNOWN;
	const char *epic = json_string_value(json_object_get(j, "errorCode"));
	const char *error = json_string_value(json_object_get(j, "error"));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (epic ? strstr(epic, all[i].epic) != NULL : error && !strcmp(error, all[i].error))
			return all[i].no;
	return SHOP_CODE_UNKNOWN;
}
