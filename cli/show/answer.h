/* The answer of a name in words: for force, auto, doors and the table of status. Pure. */
#ifndef SHUNT_CLI_SHOW_ANSWER_H
#define SHUNT_CLI_SHOW_ANSWER_H

#include <jansson.h>

/*
 * For an answer without an address: "no address" or, if no endpoint answers, "(DNS)" or "(fails)"
 * as `all_down` says.
 */
const char *answer_none(const char *active, const char *all_down);

/*
 * The addresses with which a record of the daemon is answered, or what stands for them. The caller
 * frees it; NULL if out of memory.
 */
char *answer_words(const json_t *record);

/*
 * Prints one line on standard output, such as "www.example.com: 192.0.2.1 from secondary: forced to
 * …", for a record that was just changed.
 */
void answer_print(const json_t *record);

#endif
