#include "wire/steam/web_page.h"

#include "wire/steam/web_json.h"

#include <string.h>

#define NEEDAUTH_MAX  4096 /* bytes of an answer that says no more than this */
#define MESSAGE_MAX   200
#define ATTRIBUTE_MAX 65536

static bool is_needauth(const char *body)
{
	size_t n = strlen(body);
	json_t *j = NULL;

	if (*body != '{' || n > NEEDAUTH_MAX || web_json_read(body, n, "JSON", &j, NULL) != RC_OK)
		return false;
	bool lost = web_json_bool(j, "needauth");
	json_drop(j);
	return lost;
}

bool web_page_is_lost(int status, const char *location, const char *body)
{
	if (status >= 300 && status < 400)
		return location && strstr(location, "/login");
	if (status == 401)
		return true;
	return status == 200 && (strstr(body, "g_steamID = false;") || is_needauth(body));
}

bool web_page_is_locked(const char *body) { return strstr(body, "parental_notice_instructions") != NULL; }

int32_t web_page_code(const char *error)
{
	const char *open = strrchr(error, '(');
	int32_t code = 0;

	if (!open || open[1] == ')')
		return 0;
	for (const char *s = open + 1; *s != ')'; s++) {
		if (*s < '0' || *s > '9' || code > 999)
			return 0;
		code = code * 10 + (*s - '0');
	}
	return code;
}

const char *web_page_error(const char *body, size_t n, struct arena *a)
{
	json_t *j = NULL;

	if (web_json_read(body, n, "JSON", &j, NULL) != RC_OK)
		return NULL;
	const char *text = web_json_text(j, "strError", a);
	if (!text)
		text = web_json_text(j, "error", a);
	json_drop(j);
	return text;
}

/* A page's words without its tags, one space between them; returns how many bytes. */
static size_t words_of(const char *s, const char *end, char ret[static MESSAGE_MAX])
{
	size_t n = 0;
	bool tag = false, space = true;

	for (; s < end && n < MESSAGE_MAX; s++) {
		bool blank = *s == ' ' || *s == '\t' || *s == '\r' || *s == '\n' || *s == '<';
		if (*s == '<' || *s == '>')
			tag = *s == '<';
		if (!blank && (tag || *s == '>'))
			continue;
		if (!blank || !space)
			ret[n++] = (char)(blank ? ' ' : *s);
		space = blank;
	}
	while (n > 0 && ret[n - 1] == ' ')
		n--;
	return n;
}

const char *web_page_message(const char *body, struct arena *a)
{
	const char *at = strstr(body, "id=\"error_msg\"");
	const char *from = at ? strchr(at, '>') : NULL;
	const char *end = from ? strstr(from, "</div>") : NULL;
	char text[MESSAGE_MAX];
	size_t n = end ? words_of(from + 1, end, text) : 0;

	return n ? arena_strn(a, text, n) : NULL;
}

bool web_page_number(const char *body, const char *name, uint32_t *ret)
{
	size_t n = strlen(name);

	for (const char *at = strstr(body, name); at; at = strstr(at + n, name)) {
		const char *s = at + n + strspn(at + n, " \t");
		uint64_t v = 0;
		if (*s != '=')
			continue;
		s += 1 + strspn(s + 1, " \t");
		size_t digits = strspn(s, "0123456789");
		if (digits == 0 || digits > 9)
			continue;
		for (size_t i = 0; i < digits; i++)
			v = v * 10 + (uint64_t)(s[i] - '0');
		*ret = (uint32_t)v;
		return true;
	}
	return false;
}

static size_t undo_entity(const char *s, char *ret)
{
	static const struct {
		const char *entity;
		char c;
	} known[] = { { "&quot;", '"' }, { "&#34;", '"' }, { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&#39;", '\'' }, { "&#039;", '\'' }, { "&apos;", '\'' } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(s, known[i].entity, strlen(known[i].entity))) {
			*ret = known[i].c;
			return strlen(known[i].entity);
		}
	*ret = *s;
	return 1;
}

const char *web_page_attribute(const char *body, const char *name, struct arena *a)
{
	size_t n = strlen(name), out = 0;

	for (const char *at = strstr(body, name); at; at = strstr(at + n, name)) {
		if (at[n] != '=' || at[n + 1] != '"')
			continue;
		const char *from = at + n + 2, *end = strchr(from, '"');
		if (!end || end - from > ATTRIBUTE_MAX)
			return NULL;
		char *text = arena_strn(a, from, (size_t)(end - from));
		for (const char *s = text; s && *s; out++)
			s += undo_entity(s, &text[out]);
		if (text)
			text[out] = 0;
		return text;
	}
	return NULL;
}

void web_page_encode(struct buf *to, const char *text)
{
	for (const char *s = text; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
			     strchr("-_.~", *s);
		if (plain)
			buf_u8(to, (uint8_t)*s);
		else
			buf_fmt(to, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

/* The value of `name=` among the parameters; its length, 0: none. */
static size_t parameter(const char *query, const char *name, const char **ret)
{
	size_t n = strlen(name);

	for (const char *s = query; s; s = strchr(s, '&') ? strchr(s, '&') + 1 : NULL)
		if (!strncmp(s, name, n) && s[n] == '=') {
			*ret = s + n + 1;
			return strcspn(s + n + 1, "&#");
		}
	return 0;
}

bool web_page_trade_url(const char *url, uint32_t *ret_account, char ret_token[static 17])
{
	const char *at = strstr(url, "/tradeoffer/new"), *query = at ? strchr(at, '?') : NULL, *v = NULL;
	uint64_t account = 0;
	size_t n = query ? parameter(query + 1, "partner", &v) : 0;

	if (n == 0 || n > 10 || strspn(v, "0123456789") < n)
		return false;
	for (size_t i = 0; i < n; i++)
		account = account * 10 + (uint64_t)(v[i] - '0');
	if (account == 0 || account > UINT32_MAX)
		return false;
	n = parameter(query + 1, "token", &v);
	if (n > 16)
		return false;
	*ret_account = (uint32_t)account;
	memcpy(ret_token, n ? v : "", n);
	ret_token[n] = 0;
	return true;
}
