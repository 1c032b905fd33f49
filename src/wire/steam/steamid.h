/*
 * steamid: the 64-bit id of an account, and its text forms. Pure values.
 * Bits 0-31 account, 32-51 instance, 52-55 type, 56-63 universe. Source: steam-protocol facts, section 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum steamid_type {
	STEAMID_INVALID,
	STEAMID_INDIVIDUAL,
	STEAMID_MULTISEAT,
	STEAMID_GAME_SERVER,
	STEAMID_ANON_GAME_SERVER,
	STEAMID_PENDING,
	STEAMID_CONTENT_SERVER,
	STEAMID_CLAN,
	STEAMID_CHAT,
	STEAMID_CONSOLE_USER,
	STEAMID_ANON_USER,
};

#define STEAMID_PUBLIC        1u                  /* the universe of all real accounts */
#define STEAMID_ANON_TEMPLATE 117093590311632896u /* what an anonymous user logs on as */
#define STEAMID_TEXT_MAX      48

struct steamid {
	uint32_t account, instance; /* instance has 20 bits */
	uint8_t type, universe;     /* type has 4 bits */
};

struct steamid steamid_of(uint64_t id64);
uint64_t steamid_id64(struct steamid id);

/* "[U:1:22202]", "[g:1:4]", "[a:1:5(7)]"; other types as "[i:…]". */
void steamid_text(char ret[static STEAMID_TEXT_MAX], uint64_t id64);

/* Reads decimal id64, [U:1:n], [g:1:n], [a:1:n] and [a:1:n(instance)]. False for another text. */
bool steamid_parse(const char *s, uint64_t *ret_id64);
