/*
 * What the tests of payloads share: bodies in hexadecimal (spaces allowed), read from memory that
 * is exactly as long, so that a sanitizer sees every octet read too far.
 */
#pragma once
#include "base/error.h"
#include "ike/message.h"

GBytes *wire_from_hex(const char *hex);
void wire_assert_equal(GBytes *octets, const char *hex);
/* The payload, which must be there. */
IkePayload *wire_parse(uint8_t type, const char *hex);
void wire_assert_refused(uint8_t type, const char *hex, int code);
/* Reads the body, writes it, and gets the same octets behind a generic header. */
void wire_assert_round_trip(uint8_t type, const char *hex);
/* Every prefix of the body below shortest octets is refused, every one from there on makes the
 * round trip. */
void wire_assert_truncations(uint8_t type, const char *hex, size_t shortest);
