#include "wire/steam/steamid.h"

#include <stdio.h>
#include <string.h>

/* Letters by type; a type that Steam gives no letter of its own is 'i'. */
static const char letters[] = "iUMGAPCgTiai";

struct steamid steamid_of(uint64_t id64)
{
	return (struct steamid){
		.account = (uint32_t)id64,
		.instance = (uint32_t)(id64 >> 32) & 0xfffff,
		.type = (uint8_t)(id64 >> 52 & 0xf),
		.universe = (uint8_t)(id64 >> 56),
	};
}

uint64_t steamid_id64(struct steamid id)
{
	return (uint64_t)id.universe << 56 | (uint64_t)(id.type & 0xf) << 52 |
	       (uint64_t)(id.instance & 0xfffff) << 32 | id.account;
}

void steamid_text(char ret[static STEAMID_TEXT_MAX], uint64_t id64)
{
	struct steamid id = steamid_of(id64);
	size_t known = id.type < sizeof(letters) - 1 ? id.type : 0;
	char letter = letters[known];

	if (id.type == STEAMID_ANON_USER || id.type == STEAMID_ANON_GAME_SERVER)
		snprintf(ret, STEAMID_TEXT_MAX, "[%c:%u:%u(%u)]", letter, id.universe, id.account, id.instance);
	else
		snprintf(ret, STEAMID_TEXT_MAX, "[%c:%u:%u]", letter, id.universe, id.account);
}

static bool number(const char **at, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	const char *s = *at;

	for (; *s >= '0' && *s <= '9'; s++) {
		unsigned digit = (unsigned)(*s - '0');
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (s == *at)
		return false;
	*at = s;
	*ret = v;
	return true;
}

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* After the '[': letter, universe, account, and the instance if it is written. */
static bool bracketed(const char *s, uint64_t *ret_id64)
{
	const char *letter = *s && *s != 'i' ? strchr(letters, *s) : NULL;
	uint64_t universe, account, instance;

	if (!letter)
		return false;
	s++;
	uint8_t type = (uint8_t)(letter - letters);
	instance = type == STEAMID_INDIVIDUAL ? 1 : 0;
	if (!skip(&s, ':') || !number(&s, UINT8_MAX, &universe) || !skip(&s, ':') ||
		!number(&s, UINT32_MAX, &account))
		return false;
	if (skip(&s, '(') && (!number(&s, 0xfffff, &instance) || !skip(&s, ')')))
		return false;
	if (!skip(&s, ']') || *s)
		return false;
	*ret_id64 = steamid_id64((struct steamid){ .account = (uint32_t)account,
		.instance = (uint32_t)instance,
		.type = type,
		.universe = (uint8_t)universe });
	return true;
}

bool steamid_parse(const char *s, uint64_t *ret_id64)
{
	uint64_t id;

	if (skip(&s, '['))
		return bracketed(s, ret_id64);
	if (!number(&s, UINT64_MAX, &id) || *s)
		return false;
	*ret_id64 = id;
	return true;
}
