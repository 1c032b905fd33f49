/*
 * list: doubly linked, intrusive, circular. A head and an unlinked node are linked to themselves; so removing twice is harmless.
 * A node's comment names the list that holds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline void list_append(struct list *head, struct list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

#define list_of(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* The body may remove the node it is at, and no other. */
/* NOLINTBEGIN(bugprone-macro-parentheses): it declares the names */
#define list_each(at, next_, head) \
	for (struct list *at = (head)->next, *next_ = at->next; at != (head); at = next_, next_ = at->next)
/* NOLINTEND(bugprone-macro-parentheses) */
