/*
 * steam_dice: the randomness of our machines (jitter, choice of a server), from a seed that the caller gives: so a scenario
 * plays the same every time. Not for secrets. (splitmix64)
 */
#pragma once

#include <stdint.h>

struct steam_dice {
	uint64_t state;
};

static inline uint64_t steam_dice_roll(struct steam_dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 … max, both included. */
static inline uint64_t steam_dice_upto(struct steam_dice *d, uint64_t max)
{
	return max == UINT64_MAX ? steam_dice_roll(d) : steam_dice_roll(d) % (max + 1);
}
