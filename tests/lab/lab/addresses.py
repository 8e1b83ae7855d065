"""Who has which address in the bed. Documentation prefixes throughout (RFC 5737, RFC 3849).

    test host --- router ---+--- gateway  (inside: 10.99.0.0/24, 2001:db8:99::/64)
                            +--- outside  (the public DNS)
"""

HOST4, HOST6 = "198.51.100.2", "2001:db8:51::2"
ROUTER_HOST4, ROUTER_HOST6 = "198.51.100.1", "2001:db8:51::1"

ROUTER4, ROUTER6 = "192.0.2.254", "2001:db8:2::fe"
GATEWAY4, GATEWAY6 = "192.0.2.1", "2001:db8:2::1"
# The same gateway, where it knows old algorithms only.
OLD_GATEWAY4 = "192.0.2.2"
OUTSIDE4, OUTSIDE6 = "192.0.2.53", "2001:db8:2::53"
# A third address on the outside: whatever reaches it was not meant to.
BYSTANDER4 = "192.0.2.66"
# Routed nowhere and answered by nobody.
SILENT4 = "192.0.2.98"

INSIDE4, INSIDE6 = "10.99.0.1", "2001:db8:99::1"
INSIDE_NETS = ["10.99.0.0/24", "2001:db8:99::/64"]
POOL4, POOL6 = "10.77.0.10-10.77.0.60", "2001:db8:77::10-2001:db8:77::60"

IKE_PORTS = (500, 4500)
