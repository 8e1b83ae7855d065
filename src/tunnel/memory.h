/*
 * What has been of use once and will not be for long: code and constants of the libraries that took
 * part in starting, in signing in, and in the cipher library's tests of itself, which it makes with
 * every new key (3 MB of intel-ipsec-mb).
 */
#pragma once

/* Gives it back. What is needed again is read from its file, page by page. */
void memory_let_go(void);
