#include "sim/econ/econ.h"

#include "sim/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ASSET        10000000000u
#define FIRST_CLASS        1000001u
#define FIRST_OFFER        6000000000u
#define FIRST_TRADE        4200000000000u
#define FIRST_CONFIRMATION 15000000000u
#define PAST_MAX           20000 /* of one account; the oldest are forgotten */

struct econ *econ_new(struct people *people)
{
	struct econ *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct econ){ .people = people,
		.last_asset = FIRST_ASSET,
		.last_class = FIRST_CLASS,
		.last_offer = FIRST_OFFER,
		.last_trade = FIRST_TRADE,
		.last_confirmation = FIRST_CONFIRMATION,
		.due = INT64_MAX,
		.dice = dice_of(20260101) };
	list_init(&e->bags);
	list_init(&e->all_offers);
	list_init(&e->all_trades);
	list_init(&e->confirmations);
	return e;
}

static void bag_free(struct econ_bag *b)
{
	list_each (at, after, &b->items) {
		free(list_of(at, struct econ_item, node));
	}
	list_each (at, after, &b->past) {
		free(list_of(at, struct econ_past, node));
	}
	free(b);
}

void econ_free(struct econ *e)
{
	if (!e)
		return;
	list_each (at, after, &e->bags) {
		bag_free(list_of(at, struct econ_bag, node));
	}
	struct map_walk w = map_walk(&e->by_class);
	for (struct econ_class *c; (c = map_next(&w));)
		free(c);
	map_done(&e->by_class);
	map_done(&e->by_asset);
	map_done(&e->offers);
	map_done(&e->trades);
	free(e);
}

struct econ_bag *econ_bag(struct econ *e, struct person *p)
{
	if (p->items)
		return p->items;
	struct econ_bag *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	list_init(&b->items);
	list_init(&b->past);
	b->owner = p->steamid;
	memset(b->privacy, 3, sizeof(b->privacy));
	b->comments = 1;
	list_append(&e->bags, &b->node);
	p->items = b;
	return b;
}

struct econ_item *econ_item(const struct econ *e, uint64_t assetid)
{
	char key[24];
	snprintf(key, sizeof(key), "%" PRIu64, assetid);
	return map_get(&e->by_asset, key);
}

struct econ_class *econ_class(const struct econ *e, uint64_t classid, uint64_t instanceid)
{
	char key[44];
	snprintf(key, sizeof(key), "%" PRIu64 "_%" PRIu64, classid, instanceid);
	return map_get(&e->by_class, key);
}

uint32_t econ_context(const struct econ_item *i, int64_t now)
{
	return i->protected_until > now ? ECON_PROTECTED_CONTEXT : i->class->context;
}

bool econ_tradable(const struct econ_item *i, int64_t now)
{
	return i->class->tradable && i->protected_until <= now && !i->held_by;
}

struct econ_item *econ_give(struct econ *e, struct person *to, const struct econ_class *c, uint32_t amount,
	int64_t now, uint64_t assetid)
{
	struct econ_bag *b = econ_bag(e, to);
	if (!b || map_count(&e->by_asset) >= ECON_ITEMS_MAX)
		return NULL;
	struct econ_item *i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	if (!assetid)
		assetid = ++e->last_asset;
	*i = (struct econ_item){
		.assetid = assetid, .owner = to->steamid, .class = c, .amount = amount, .since = now
	};
	snprintf(i->key, sizeof(i->key), "%" PRIu64, assetid);
	if (map_get(&e->by_asset, i->key) || map_put(&e->by_asset, i->key, i) != RC_OK) {
		free(i);
		return NULL;
	}
	list_append(&b->items, &i->node);
	b->n++;
	return i;
}

/* Without memory the past forgets it; nothing depends on it. */
static void remember(struct econ_bag *b, const struct econ_item *i, int64_t now)
{
	struct econ_past *was = calloc(1, sizeof(*was));
	if (!was)
		return;
	*was = (struct econ_past){
		.assetid = i->assetid, .class = i->class, .amount = i->amount, .since = i->since, .until = now
	};
	list_append(&b->past, &was->node);
	if (++b->past_n > PAST_MAX) {
		struct econ_past *oldest = list_of(b->past.next, struct econ_past, node);
		list_remove(&oldest->node);
		free(oldest);
		b->past_n--;
	}
}

void econ_remove(struct econ *e, struct econ_item *i, int64_t now)
{
	struct person *owner = people_by_id(e->people, i->owner);
	struct econ_bag *b = owner ? owner->items : NULL;

	if (b) {
		remember(b, i, now);
		b->n--;
	}
	list_remove(&i->node);
	map_take(&e->by_asset, i->key);
	free(i);
}

/* ---- classes ---- */

static struct econ_class *class_new(struct econ *e, uint32_t app, uint32_t context, const char *name)
{
	if (map_count(&e->by_class) >= ECON_CLASSES_MAX)
		return NULL;
	struct econ_class *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct econ_class){
		.app = app, .context = context, .tradable = true, .marketable = true, .classid = ++e->last_class
	};
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->market_name, sizeof(c->market_name), "%s", name);
	snprintf(c->type, sizeof(c->type), "Item");
	return c;
}

/* False when there is one of its ids already; it is freed then. */
static bool class_keep(struct econ *e, struct econ_class *c)
{
	snprintf(c->key, sizeof(c->key), "%" PRIu64 "_%" PRIu64, c->classid, c->instanceid);
	if (!map_get(&e->by_class, c->key) && map_put(&e->by_class, c->key, c) == RC_OK)
		return true;
	free(c);
	return false;
}

struct econ_class *econ_class_named(struct econ *e, uint32_t app, uint32_t context, const char *name)
{
	struct map_walk w = map_walk(&e->by_class);
	for (struct econ_class *c; (c = map_next(&w));)
		if (c->app == app && c->context == context && !strcmp(c->name, name))
			return c;
	struct econ_class *c = class_new(e, app, context, name);
	return c && class_keep(e, c) ? c : NULL;
}

/* ---- lines of a world file ---- */

struct item_line {
	char name[ECON_NAME], owner[PEOPLE_TEXT];
	uint64_t app, context, class, instance, count, amount, classes, seed;
	struct econ_class like; /* what the class shall be */
	bool generate;
};

/* The next word; quotes hold one together. False at the end. */
static bool next_word(const char **at, char *to, size_t room)
{
	size_t n = 0;
	bool quoted = false;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	if (!**at || **at == '#')
		return false;
	for (; **at && (quoted || (**at != ' ' && **at != '\t')); (*at)++) {
		if (**at == '"')
			quoted = !quoted;
		else if (n + 1 < room)
			to[n++] = **at;
	}
	to[n] = 0;
	return true;
}

static bool number_of(const char *word, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);
	char *end;
	if (strncmp(word, key, n) != 0 || word[n] < '0' || word[n] > '9')
		return false;
	*ret = strtoull(word + n, &end, 10);
	return *end == 0;
}

static bool text_of(const char *word, const char *key, char *to, size_t room)
{
	size_t n = strlen(key);
	if (strncmp(word, key, n) != 0 || strlen(word + n) >= room)
		return false;
	snprintf(to, room, "%s", word + n);
	return true;
}

static bool read_tag(struct econ_class *c, const char *word)
{
	const char *colon = strchr(word, ':');
	if (strncmp(word, "tag=", 4) != 0 || !colon || c->tags_n == ECON_TAGS)
		return false;
	struct econ_tag *t = &c->tags[c->tags_n++];
	snprintf(t->category, sizeof(t->category), "%.*s", (int)(colon - word - 4), word + 4);
	snprintf(t->value, sizeof(t->value), "%s", colon + 1);
	return true;
}

static bool flag_of(struct item_line *l, const char *word)
{
	if (!strcmp(word, "untradable"))
		l->like.tradable = false;
	else if (!strcmp(word, "unmarketable"))
		l->like.marketable = false;
	else if (!strcmp(word, "commodity"))
		l->like.commodity = true;
	else if (!strcmp(word, "generate"))
		l->generate = true;
	else
		return false;
	return true;
}

static bool read_word(struct item_line *l, const char *word)
{
	return number_of(word, "app=", &l->app) || number_of(word, "context=", &l->context) ||
	       number_of(word, "class=", &l->class) || number_of(word, "instance=", &l->instance) ||
	       number_of(word, "count=", &l->count) || number_of(word, "amount=", &l->amount) ||
	       number_of(word, "classes=", &l->classes) || number_of(word, "seed=", &l->seed) ||
	       text_of(word, "owner=", l->owner, sizeof(l->owner)) ||
	       text_of(word, "market=", l->like.market_name, sizeof(l->like.market_name)) ||
	       text_of(word, "type=", l->like.type, sizeof(l->like.type)) || read_tag(&l->like, word) ||
	       flag_of(l, word);
}

static struct econ_class *class_of(struct econ *e, const struct item_line *l)
{
	struct econ_class *c = l->class ? econ_class(e, l->class, l->instance) : NULL;
	if (c)
		return c;
	c = class_new(e, (uint32_t)l->app, (uint32_t)l->context, l->name);
	if (!c)
		return NULL;
	c->tradable = l->like.tradable;
	c->marketable = l->like.marketable;
	c->commodity = l->like.commodity;
	memcpy(c->tags, l->like.tags, sizeof(c->tags));
	c->tags_n = l->like.tags_n;
	c->instanceid = l->instance;
	if (l->class)
		c->classid = l->class;
	if (*l->like.market_name)
		memcpy(c->market_name, l->like.market_name, sizeof(c->market_name));
	if (*l->like.type)
		memcpy(c->type, l->like.type, sizeof(c->type));
	return class_keep(e, c) ? c : NULL;
}

static enum rc make(struct econ *e, struct person *owner, struct item_line *l, struct fault *f)
{
	struct dice d = dice_of(l->seed);
	uint64_t classes = l->generate ? l->classes : 1, first = e->last_class;

	for (uint64_t n = 0; n < l->count; n++) {
		char name[ECON_NAME];
		uint64_t which = l->generate ? dice_roll(&d) % classes + 1 : 0;
		struct item_line one = *l;
		if (l->generate) {
			snprintf(name, sizeof(name), "%.80s %" PRIu64, l->name, which);
			memcpy(one.name, name, sizeof(name));
			one.class = first + which;
			if (e->last_class < first + classes)
				e->last_class = first + classes;
		}
		struct econ_class *c = class_of(e, &one);
		if (!c || !econ_give(e, owner, c, (uint32_t)l->amount, 0, 0))
			return fault_set(f, RC_TOO_LARGE, "a world holds %d items of %d classes", ECON_ITEMS_MAX,
				ECON_CLASSES_MAX);
		if (!l->generate)
			l->class = c->classid;
	}
	return RC_OK;
}

enum rc econ_line(struct econ *e, const char *line, struct fault *f)
{
	struct item_line l = { .app = 440,
		.context = 2,
		.count = 1,
		.amount = 1,
		.classes = 10,
		.seed = 1,
		.like = { .tradable = true, .marketable = true } };
	char word[ECON_NAME + 16];
	const char *at = line;

	if (!next_word(&at, word, sizeof(word)) || (strcmp(word, "item") != 0 && strcmp(word, "items") != 0))
		return RC_MISSING;
	bool many = !strcmp(word, "items");
	if (!next_word(&at, word, sizeof(word)))
		return fault_set(f, RC_INVALID, "an item has a name");
	snprintf(l.name, sizeof(l.name), "%.95s", word);
	while (next_word(&at, word, sizeof(word)))
		if (!read_word(&l, word))
			return fault_set(f, RC_INVALID, "an item line does not know '%s'", word);
	struct person *owner = *l.owner ? people_named(e->people, l.owner) : NULL;
	if (!owner)
		return fault_set(
			f, RC_INVALID, "item '%s': wants owner=ACCOUNT, an account of an earlier line", l.name);
	if (l.generate != many || l.app == 0 || l.app > UINT32_MAX || l.context > UINT32_MAX || l.amount == 0 ||
		l.amount > UINT32_MAX || l.classes == 0 || l.classes > ECON_CLASSES_MAX || l.count > ECON_ITEMS_MAX)
		return fault_set(f, RC_INVALID,
			"item '%s': write item NAME ..., or items PREFIX generate ..., with numbers in range",
			l.name);
	return make(e, owner, &l, f);
}
