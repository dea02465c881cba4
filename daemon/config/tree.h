/*
 * The settings of a configuration as a tree, in two blocks of memory: built by config_parse(),
 * traversed by the readers. A setting is valid as long as its tree.
 */
#ifndef SHUNT_CONFIG_TREE_H
#define SHUNT_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_type { TREE_GROUP, TREE_ARRAY, TREE_LIST, TREE_STRING, TREE_INT, TREE_BOOL, TREE_FLOAT };

struct tree {
	enum tree_type type;
	unsigned line;             /* line of the text that was parsed */
	const char *name;          /* name of a group's member; else NULL */
	const char *text;          /* TREE_STRING */
	int number;                /* TREE_INT, TREE_BOOL */
	int index;                 /* its index in the parent */
	int length;                /* TREE_GROUP, TREE_ARRAY, TREE_LIST */
	const struct tree *parent; /* NULL for the root */
	const struct tree *const *elements;
};

static inline bool tree_is_group(const struct tree *tree)
{
	return tree->type == TREE_GROUP;
}

/* [ ] or ( ). */
static inline bool tree_is_list(const struct tree *tree)
{
	return tree->type == TREE_LIST || tree->type == TREE_ARRAY;
}

/* An array cannot hold groups, but an empty one is accepted as an empty list. */
static inline bool tree_may_hold_groups(const struct tree *tree)
{
	return tree->type == TREE_LIST || (tree->type == TREE_ARRAY && tree->length == 0);
}

#endif
