#include "control/fleet/labels.h"
#include "wire/json.h"

const char *labels_json(struct arena *a, const struct field_list *labels)
{
	const struct field_pair *pairs = labels->at;
	struct buf b = { 0 };

	buf_u8(&b, '{');
	for (size_t i = 0; i < labels->n; i++) {
		buf_str(&b, i ? "," : "");
		json_put_str(&b, pairs[i].key);
		buf_u8(&b, ':');
		json_put_str(&b, pairs[i].value);
	}
	buf_u8(&b, '}');
	const char *text = arena_str(a, buf_text(&b));
	buf_done(&b);
	return text;
}

const char *labels_texts_json(struct arena *a, const struct field_list *texts)
{
	const char *const *at = texts->at;
	struct buf b = { 0 };

	buf_u8(&b, '[');
	for (size_t i = 0; i < texts->n; i++) {
		buf_str(&b, i ? "," : "");
		json_put_str(&b, at[i]);
	}
	buf_u8(&b, ']');
	const char *text = arena_str(a, buf_text(&b));
	buf_done(&b);
	return text;
}

const char *labels_numbers_json(struct arena *a, const struct field_list *numbers)
{
	const uint32_t *at = numbers->at;
	struct buf b = { 0 };

	buf_u8(&b, '[');
	for (size_t i = 0; i < numbers->n; i++)
		buf_fmt(&b, i ? ",%u" : "%u", at[i]);
	buf_u8(&b, ']');
	const char *text = arena_str(a, buf_text(&b));
	buf_done(&b);
	return text;
}
