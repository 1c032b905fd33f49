#include "control/keyring/keyring.h"
#include "base/hush.h"
#include "io/locked.h"

#include <pthread.h>
#include <string.h>

struct keyring {
	pthread_mutex_t lock; /* of all below */
	uint32_t current;
	unsigned n;
	struct {
		uint32_t number;
		uint8_t key[KEYRING_KEY];
	} at[KEYRING_MAX];
};

enum rc keyring_new(struct keyring **ret, bool *ret_held, struct fault *f)
{
	void *room = NULL;
	enum rc rc = locked_new(sizeof(struct keyring), &room, ret_held, f);

	if (rc != RC_OK)
		return rc;
	struct keyring *k = room;
	pthread_mutex_init(&k->lock, NULL);
	*ret = k;
	return RC_OK;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->lock);
	locked_free(k, sizeof(*k));
}

/* Under the lock; n: it is not there. */
static unsigned place(const struct keyring *k, uint32_t number)
{
	unsigned i = 0;
	while (i < k->n && k->at[i].number != number)
		i++;
	return i;
}

enum rc keyring_put(struct keyring *k, uint32_t number, const uint8_t key[static KEYRING_KEY], struct fault *f)
{
	enum rc rc = RC_OK;

	pthread_mutex_lock(&k->lock);
	unsigned i = place(k, number);
	if (i == KEYRING_MAX) {
		rc = fault_set(f, RC_LIMIT, "%d keys of the vault are in use: retire old ones", KEYRING_MAX);
	} else if (i == k->n) {
		k->at[i].number = number;
		memcpy(k->at[i].key, key, KEYRING_KEY);
		k->n++;
	}
	pthread_mutex_unlock(&k->lock);
	return rc;
}

/* Under the lock. */
static void drop(struct keyring *k, unsigned i)
{
	k->at[i] = k->at[k->n - 1];
	hush_wipe(&k->at[--k->n], sizeof(k->at[0]));
}

void keyring_drop(struct keyring *k, uint32_t number)
{
	pthread_mutex_lock(&k->lock);
	unsigned i = place(k, number);
	if (i < k->n)
		drop(k, i);
	pthread_mutex_unlock(&k->lock);
}

void keyring_keep(struct keyring *k, const uint32_t *numbers, size_t n)
{
	pthread_mutex_lock(&k->lock);
	for (unsigned i = k->n; i-- > 0;) {
		bool wanted = false;
		for (size_t j = 0; j < n; j++)
			wanted = wanted || numbers[j] == k->at[i].number;
		if (!wanted)
			drop(k, i);
	}
	pthread_mutex_unlock(&k->lock);
}

bool keyring_has(struct keyring *k, uint32_t number)
{
	pthread_mutex_lock(&k->lock);
	bool has = place(k, number) < k->n;
	pthread_mutex_unlock(&k->lock);
	return has;
}

bool keyring_find(struct keyring *k, uint32_t number, uint8_t ret[static KEYRING_KEY])
{
	pthread_mutex_lock(&k->lock);
	unsigned i = place(k, number);
	bool has = i < k->n;
	if (has)
		memcpy(ret, k->at[i].key, KEYRING_KEY);
	pthread_mutex_unlock(&k->lock);
	return has;
}

uint32_t keyring_current(struct keyring *k)
{
	pthread_mutex_lock(&k->lock);
	uint32_t current = k->current;
	pthread_mutex_unlock(&k->lock);
	return current;
}

void keyring_set_current(struct keyring *k, uint32_t number)
{
	pthread_mutex_lock(&k->lock);
	k->current = number;
	pthread_mutex_unlock(&k->lock);
}
