/*
 * Whether the words of a proposal make one: known, and of each kind as many as it needs. What they
 * become on the wire is for src/ike; a mistake is said here, where file and line are known.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* text: "aes256gcm16-prfsha384-x25519". *why: what is wrong, free with g_free. */
bool profile_proposal_check(const char *text, bool ike, char **why);
