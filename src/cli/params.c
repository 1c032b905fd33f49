#include "cli/params.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define NAME_MAX_BYTES 128

const char *params_split(const char *pair, char *ret_name, size_t room)
{
	const char *mark = strchr(pair, '=');
	if (!mark || mark == pair || (size_t)(mark - pair) >= room)
		return NULL;
	memcpy(ret_name, pair, (size_t)(mark - pair));
	ret_name[mark - pair] = 0;
	return mark + 1;
}

/* "440,480" or "440,": digits and commas, with one comma at least. */
static bool is_numbers(const char *s)
{
	return *s >= '0' && *s <= '9' && strchr(s, ',') && !strstr(s, ",,") && s[strspn(s, "0123456789,")] == 0;
}

static json_t *numbers(const char *s)
{
	struct buf text = { 0 };
	json_t *v = NULL;

	buf_u8(&text, '[');
	buf_str(&text, s);
	if (text.n && text.p[text.n - 1] == ',')
		text.n--;
	buf_u8(&text, ']');
	if (text.bad || json_read((const char *)text.p, text.n, &v, NULL) != RC_OK)
		v = NULL;
	buf_done(&text);
	return v;
}

json_t *params_value(const char *text)
{
	json_t *v = NULL;

	if (is_numbers(text) && (v = numbers(text)))
		return v;
	if (json_read(text, strlen(text), &v, NULL) == RC_OK)
		return v;
	return json_string(text);
}

/* The value as the action's table wants it. */
static json_t *fitted(const struct field *row, const char *text)
{
	if (row && row->type == FIELD_STR && *text != '"')
		return json_string(text);
	json_t *v = params_value(text);
	if (!v || !row || row->type != FIELD_LIST || json_is_array(v))
		return v;
	return json_pack("[o]", v);
}

enum rc params_put(json_t *object, const struct field *t, const char *pair, struct fault *f)
{
	char name[NAME_MAX_BYTES];
	const char *text = params_split(pair, name, sizeof(name));

	if (!text)
		return fault_set(f, RC_INVALID, "\"%.60s\" is not of the form name=value", pair);
	json_t *v = fitted(t ? field_find(t, name) : NULL, text);
	if (!v || json_object_set_new(object, name, v) != 0)
		return fault_set(f, RC_INVALID, "%.60s is not UTF-8", name);
	return RC_OK;
}
