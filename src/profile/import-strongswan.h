/* What swanctl.conf and ipsec.conf have in common: strongSwan's words. */
#pragma once
#include "profile/import-private.h"

/* The first address of a list that names one host; NULL: anybody, so that the other side begins. */
char *strongswan_gateway(const char *list);
/* "4h", "90m", "3600", "3600s" in seconds; 0 for none. */
guint64 strongswan_seconds(const char *text);
/* One of its words for yes; no for NULL. */
bool strongswan_is_yes(const char *text);
/* "eap-mschapv2", "pubkey-...", "psk" of one side. False: none that we know. */
bool strongswan_take_user_auth(Import *import, const char *auth, const char *what);
bool strongswan_take_gateway_auth(Import *import, const char *auth, const char *what);
/* Networks (a list by commas) for network-include; "dynamic" stands for none. */
void strongswan_take_networks(Import *import, const char *list, const char *what);
