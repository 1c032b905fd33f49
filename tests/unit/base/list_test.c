#include "base/list.h"

#include "tests/unit/check.h"

struct thing {
	struct list all; /* the head of the test */
	int number;
};

static int sum_of(struct list *head, size_t *ret_n)
{
	int sum = 0;
	*ret_n = 0;
	list_each (at, next, head) {
		sum = sum * 10 + list_of(at, struct thing, all)->number;
		++*ret_n;
	}
	return sum;
}

int main(void)
{
	struct list head;
	struct thing things[5];
	size_t n;

	list_init(&head);
	CHECK(list_empty(&head) && sum_of(&head, &n) == 0 && n == 0);
	for (int i = 0; i < 5; i++) {
		things[i].number = i + 1;
		list_init(&things[i].all);
		list_append(&head, &things[i].all);
		CHECK(!list_empty(&head));
	}
	CHECK(sum_of(&head, &n) == 12345 && n == 5);
	CHECK(head.prev == &things[4].all && head.next == &things[0].all);

	/* From the middle, from both ends, and a second time. */
	list_remove(&things[2].all);
	CHECK(sum_of(&head, &n) == 1245 && list_empty(&things[2].all));
	list_remove(&things[2].all);
	CHECK(sum_of(&head, &n) == 1245);
	list_remove(&things[0].all);
	list_remove(&things[4].all);
	CHECK(sum_of(&head, &n) == 24);
	list_append(&head, &things[0].all);
	CHECK(sum_of(&head, &n) == 241);

	/* The body may remove the node it is at. */
	list_each (at, next, &head)
		if (list_of(at, struct thing, all)->number != 4)
			list_remove(at);
	CHECK(sum_of(&head, &n) == 4 && n == 1);
	list_each (at, next, &head)
		list_remove(at);
	CHECK(list_empty(&head));
	list_remove(&head); /* of an empty head: nothing */
	CHECK(list_empty(&head));
	return 0;
}
