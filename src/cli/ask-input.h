/*
 * One line from a person or a script, as a Secret: from the terminal without echo, or from standard
 * input. Follows the main loop; one question at a time.
 */
#pragma once
#include "base/secret.h"

#define ASK_INPUT_MAX 1024 /* octets of a line; what is longer is no answer */

typedef enum {
    ASK_FROM_TERMINAL, /* the controlling one, whatever standard input is */
    ASK_FROM_STDIN,    /* one line for each question; nothing is shown */
} AskFrom;

typedef struct _AskInput AskInput;

/* line: borrowed; NULL at the end of the input. May be empty. */
typedef void (*AskInputDone)(Secret *line, gpointer user_data);

/* NULL where there is no terminal. */
AskInput *ask_input_open(AskFrom from);
void ask_input_close(AskInput *input);
/* Shows text and waits for a line. The terminal does not echo until done ran or ask_input_stop. */
void ask_input_start(AskInput *input, const char *text, AskInputDone done, gpointer user_data);
/* Nobody waits any more; the terminal is as it was. */
void ask_input_stop(AskInput *input);
/* Somebody types, rather than a script. */
bool ask_input_is_person(const AskInput *input);
/* Shows text where a person looks. */
void ask_input_say(AskInput *input, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AskInput, ask_input_close)
