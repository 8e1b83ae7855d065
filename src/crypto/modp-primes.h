/* The primes of the MODP groups 2, 5 and 14 to 18 in hexadecimal; the generator is 2 (RFC 7296,
 * appendix B.2; RFC 3526, sections 2 to 7). */
#pragma once
extern const char modp_prime_1024[];
extern const char modp_prime_1536[];
extern const char modp_prime_2048[];
extern const char modp_prime_3072[];
extern const char modp_prime_4096[];
extern const char modp_prime_6144[];
extern const char modp_prime_8192[];
