/* Items and trades: lines of a world, the life of an offer, escrow and rollback on a clock of the test's own. */
#include "sim/econ/confirm.h"
#include "sim/econ/offer.h"
#include "sim/people.h"
#include "tests/unit/check.h"

#define NOW 1800000000
#define DAY 86400

struct stage {
	struct people people;
	struct econ *e;
	struct person *alice, *bob, *carol;
};

static void say(struct stage *s, const char *line)
{
	struct fault f = { 0 };
	enum rc rc = people_line(&s->people, line, &f);
	if (rc == RC_MISSING)
		rc = econ_line(s->e, line, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s: %s\n", line, f.text);
	CHECK(rc == RC_OK);
}

static void begin(struct stage *s)
{
	CHECK(people_init(&s->people) == RC_OK);
	s->e = econ_new(&s->people);
	CHECK(s->e != NULL);
	say(s, "account alice password=p identity=FBMSERAPDg0MCwoJCAcGBQQDAgE= trade_token=AAAAaaaa");
	say(s, "account bob password=p trade_token=BBBBbbbb");
	say(s, "account carol password=p escrow=15 trade_token=CCCCcccc");
	say(s, "friends alice bob");
	say(s, "item \"A Key\" app=440 context=2 owner=alice count=40 tag=Quality:Unique");
	say(s, "item Stone app=440 context=2 owner=alice untradable");
	say(s, "item Card app=753 context=6 owner=bob count=5");
	say(s, "item Thing app=730 context=2 owner=carol");
	s->alice = people_named(&s->people, "alice");
	s->bob = people_named(&s->people, "bob");
	s->carol = people_named(&s->people, "carol");
}

static void end(struct stage *s)
{
	offer_done(s->e);
	econ_free(s->e);
	people_done(&s->people);
}

static size_t held(struct stage *s, struct person *p) { return econ_bag(s->e, p)->n; }

/* The nth item of somebody, as an asset of a wish. */
static struct offer_asset asset(struct stage *s, struct person *p, size_t nth)
{
	struct list *at = econ_bag(s->e, p)->items.next;
	while (nth--)
		at = at->next;
	const struct econ_item *i = list_of(at, struct econ_item, node);
	return (struct offer_asset){
		.app = i->class->app, .context = i->class->context, .amount = 1, .assetid = i->assetid
	};
}

static struct offer *send(struct stage *s, struct person *from, struct person *to, const char *token, size_t nth,
	struct offer_refusal *no)
{
	struct offer_asset a = asset(s, from, nth);
	static const struct offer_bend none;
	return offer_send(s->e,
		&(struct offer_wish){
			.from = from, .to = to, .token = token, .message = "", .give = &a, .give_n = 1 },
		&none, NOW, no);
}

static bool answer(struct stage *s, struct person *who, bool allow)
{
	list_each (at, after, &s->e->confirmations) {
		struct confirm *c = list_of(at, struct confirm, node);
		if (c->owner == who->steamid && confirm_find(s->e, who->steamid, c->id, c->nonce) == c)
			return offer_answer(s->e, c, allow, NOW + 5);
	}
	return false;
}

static bool accept(
	struct stage *s, struct offer *o, struct person *who, struct trade_way way, struct offer_refusal *no)
{
	return offer_accept(s->e, o, who, &(struct offer_bend){ .way = way }, NOW + 10, no);
}

static void lines(void)
{
	static const char *const bad[] = { "item", "item A", "item A owner=nobody", "item A owner=alice app=0",
		"item A owner=alice colour=red", "items A owner=alice", "item A generate owner=alice",
		"item A owner=alice amount=0", "items A generate owner=alice classes=0" };
	struct stage s = { 0 };
	struct fault f;

	begin(&s);
	CHECK(held(&s, s.alice) == 41 && held(&s, s.bob) == 5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(econ_line(s.e, bad[i], &f) == RC_INVALID);
	CHECK(econ_line(s.e, "package 0", &f) == RC_MISSING);
	say(&s, "items Hat generate owner=bob count=300 classes=9 seed=4");
	CHECK(held(&s, s.bob) == 305);
	const struct econ_item *i = econ_item(s.e, asset(&s, s.bob, 5).assetid);
	CHECK(!strncmp(i->class->name, "Hat ", 4) && econ_class(s.e, i->class->classid, 0) == i->class);
	CHECK_STR(econ_item(s.e, asset(&s, s.alice, 0).assetid)->class->tags[0].value, "Unique");
	end(&s);
}

static void life(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };

	begin(&s);
	uint64_t key = asset(&s, s.alice, 0).assetid;
	struct offer *o = send(&s, s.alice, s.bob, "", 0, &no);
	CHECK(o && o->state == OFFER_NEEDS_CONFIRMATION && o->method == OFFER_METHOD_MOBILE && !o->shown);
	CHECK(!accept(&s, o, s.bob, (struct trade_way){ 0 }, &no) && no.eresult == 11);
	struct offer *twin = send(&s, s.alice, s.bob, "", 0, &no);
	CHECK(answer(&s, s.alice, true) && o->state == OFFER_ACTIVE && o->updated == NOW + 5);
	CHECK(answer(&s, s.alice, true) && twin->state == OFFER_ACTIVE);
	CHECK(!accept(&s, o, s.carol, (struct trade_way){ 0 }, &no) && no.eresult == 11);
	CHECK(accept(&s, o, s.bob, (struct trade_way){ 0 }, &no) && o->state == OFFER_ACCEPTED);
	CHECK(held(&s, s.alice) == 40 && held(&s, s.bob) == 6);
	CHECK(!econ_item(s.e, key) && twin->state == OFFER_INVALID_ITEMS);
	const struct trade *t = trade_by_id(s.e, o->tradeid);
	CHECK(t && t->status == TRADE_COMPLETE && t->items[0].assetid == key && t->items[0].new_assetid != key);
	CHECK(econ_item(s.e, t->items[0].new_assetid)->owner == s.bob->steamid);
	CHECK(!accept(&s, o, s.bob, (struct trade_way){ 0 }, &no) && no.eresult == 28);

	o = send(&s, s.alice, s.bob, "", 1, &no);
	CHECK(answer(&s, s.alice, false) && o->state == OFFER_CANCELED_2FA);
	o = send(&s, s.alice, s.bob, "", 1, &no);
	CHECK(!offer_end(s.e, o, s.bob, false, NOW, &no) && offer_end(s.e, o, s.alice, true, NOW, &no));
	CHECK(o->state == OFFER_CANCELED && list_empty(&s.e->confirmations));
	CHECK(!offer_end(s.e, o, s.alice, true, NOW, &no) && no.eresult == 11);
	o = send(&s, s.bob, s.alice, "", 0, &no);
	CHECK(o->state == OFFER_ACTIVE && offer_end(s.e, o, s.alice, false, NOW, &no) &&
		o->state == OFFER_DECLINED);
	end(&s);
}

static void refusals(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };

	begin(&s);
	CHECK(!send(&s, s.alice, s.carol, "", 0, &no) && no.eresult == 15);
	CHECK(!send(&s, s.alice, s.carol, "WRONG", 0, &no) && no.eresult == 15);
	CHECK(!send(&s, s.alice, s.alice, "", 0, &no) && no.eresult == 8);
	CHECK(!send(&s, s.alice, s.bob, "", 40, &no) && no.eresult == 15);
	struct offer_asset theirs = asset(&s, s.bob, 0);
	struct offer_wish w = {
		.from = s.alice, .to = s.bob, .token = "", .message = "", .give = &theirs, .give_n = 1
	};
	CHECK(!offer_send(s.e, &w, &(struct offer_bend){ 0 }, NOW, &no) && no.eresult == 26);
	w.give_n = 0;
	CHECK(!offer_send(s.e, &w, &(struct offer_bend){ 0 }, NOW, &no) && no.eresult == 8);
	for (size_t i = 0; i < OFFER_TO_ONE; i++)
		CHECK(send(&s, s.alice, s.bob, "", i, &no) != NULL);
	CHECK(!send(&s, s.alice, s.bob, "", 9, &no) && no.eresult == 50);
	CHECK(send(&s, s.alice, s.carol, "CCCCcccc", 9, &no) != NULL);
	CHECK(s.e->counts.offers_made == OFFER_TO_ONE + 1);
	end(&s);
}

static void expiry(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };

	begin(&s);
	struct offer *o = send(&s, s.bob, s.alice, "", 0, &no);
	offer_tick(s.e, NOW + OFFER_LIFE_S - 1);
	CHECK(o->state == OFFER_ACTIVE);
	offer_tick(s.e, NOW + OFFER_LIFE_S);
	CHECK(o->state == OFFER_EXPIRED && o->updated == NOW + OFFER_LIFE_S && s.e->counts.expired == 1);
	end(&s);
}

static void escrow(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };

	begin(&s);
	struct offer *o = send(&s, s.carol, s.bob, "BBBBbbbb", 0, &no);
	CHECK(o && accept(&s, o, s.bob, (struct trade_way){ 0 }, &no) && o->state == OFFER_IN_ESCROW);
	CHECK(o->escrow_end == NOW + 10 + 15 * DAY && held(&s, s.bob) == 5);
	CHECK(!econ_tradable(econ_item(s.e, o->items[0].assetid), NOW + 20));
	offer_tick(s.e, o->escrow_end - 1);
	CHECK(o->state == OFFER_IN_ESCROW);
	offer_tick(s.e, o->escrow_end);
	CHECK(o->state == OFFER_ACCEPTED && held(&s, s.bob) == 6 && held(&s, s.carol) == 0);
	CHECK(trade_by_id(s.e, o->tradeid)->status == TRADE_COMPLETE);
	end(&s);
}

static void ways_back(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };

	begin(&s);
	struct offer *o = send(&s, s.bob, s.alice, "", 0, &no);
	CHECK(accept(&s, o, s.alice, (struct trade_way){ .rollback = true }, &no));
	const struct trade *t = trade_by_id(s.e, o->tradeid);
	CHECK(t->status == TRADE_FULL_SUPPORT_ROLLBACK && held(&s, s.bob) == 5);
	CHECK(econ_item(s.e, t->items[0].rollback_assetid)->owner == s.bob->steamid &&
		!econ_item(s.e, t->items[0].new_assetid));

	o = send(&s, s.bob, s.alice, "", 0, &no);
	CHECK(accept(&s, o, s.alice, (struct trade_way){ .protection_days = 7, .reversal_s = 3600 }, &no));
	t = trade_by_id(s.e, o->tradeid);
	const struct econ_item *i = econ_item(s.e, t->items[0].new_assetid);
	CHECK(econ_context(i, NOW + 20) == ECON_PROTECTED_CONTEXT && !econ_tradable(i, NOW + 20));
	CHECK(econ_context(i, NOW + 10 + 7 * DAY) == 6 && econ_tradable(i, NOW + 10 + 7 * DAY));
	offer_tick(s.e, NOW + 10 + 3599);
	CHECK(t->status == TRADE_COMPLETE);
	offer_tick(s.e, NOW + 10 + 3600);
	CHECK(t->status == TRADE_FULL_SUPPORT_ROLLBACK && held(&s, s.bob) == 5 && s.e->counts.rolled_back == 2);
	end(&s);
}

/* Many at once: nothing is lost or doubled, and the new ids are dealt in no order. */
static void shuffled(void)
{
	struct stage s = { 0 };
	struct offer_refusal no = { 0 };
	struct offer_asset a[30];
	unsigned falls = 0;

	begin(&s);
	for (size_t i = 0; i < 30; i++)
		a[i] = asset(&s, s.alice, i);
	struct offer_wish w = { .from = s.alice, .to = s.bob, .token = "", .message = "", .give = a, .give_n = 30 };
	struct offer *o = offer_send(s.e, &w, &(struct offer_bend){ .duplicate_confirmation = true }, NOW, &no);
	CHECK(o && answer(&s, s.alice, true) && list_empty(&s.e->confirmations));
	CHECK(accept(&s, o, s.bob, (struct trade_way){ 0 }, &no));
	const struct trade *t = trade_by_id(s.e, o->tradeid);
	for (size_t i = 0; i < t->n; i++) {
		CHECK(econ_item(s.e, t->items[i].new_assetid)->owner == s.bob->steamid);
		falls += i && t->items[i].new_assetid < t->items[i - 1].new_assetid;
	}
	CHECK(t->n == 30 && falls > 5 && held(&s, s.alice) == 11 && held(&s, s.bob) == 35);
	end(&s);
}

int main(void)
{
	lines();
	life();
	refusals();
	expiry();
	escrow();
	ways_back();
	shuffled();
	puts("sim_econ: ok");
	return 0;
}
