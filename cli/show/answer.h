/* What a name answers, in words for people. Pure. */
#ifndef SHUNT_CLI_SHOW_ANSWER_H
#define SHUNT_CLI_SHOW_ANSWER_H

#include <jansson.h>

/* For an answer without an address: "no address"; where no endpoint answers, as `all_down` has it, "(DNS)" or "(fails)". */
const char *answer_none(const char *active, const char *all_down);

/* One line on standard output, "www.example.com: 192.0.2.1 from secondary: forced to …", for what has just been changed. */
void answer_print(const json_t *record);

#endif
