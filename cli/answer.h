/* What a name answers, in words for people. Pure. */
#ifndef SHUNT_ANSWER_H
#define SHUNT_ANSWER_H

#include <jansson.h>

/* The addresses with a space between them; "(DNS)" or "(fails)" where no endpoint answers. NULL: no memory. The caller frees. */
char *answer_words(const json_t *record);

/* One line on standard output, "www.example.com: 192.0.2.1 from secondary: forced to …", for what has just been changed. */
void answer_print(const json_t *record);

#endif
