#!/bin/sh
# up.sh PROFILE - connects, tells what the tunnel is, disconnects. busctl(1) is all that it needs.
set -eu
name=org.ginnel.Ginnel1
root=/org/ginnel/Ginnel1

# A method's answer: {"type":"o","data":["/org/ginnel/Ginnel1/tunnel/1"]}
answer=$(busctl --json=short call "$name" "$root" "$name.Manager" Activate 'sa{sv}' "$1" 0)
tunnel=$(printf '%s' "$answer" | sed 's/.*\["\([^"]*\)"\].*/\1/')

property()
{
    busctl get-property "$name" "$tunnel" "$name.Tunnel" "$1"
}

# One signal a change: the pipe ends with the first that says that it is connected, or has failed.
busctl --json=short --match "type='signal',path='$tunnel'" monitor "$name" 2>/dev/null |
    { [ "$(property State)" != 's "connecting"' ] ||
        grep -q -m 1 -e '"State".*"connected"' -e '"State".*"failed"'; }

echo "state $(property State), gateway $(property GatewayAddress), by $(property Transport)"
echo "addresses $(property Addresses)"
property ReasonText
busctl call "$name" "$tunnel" "$name.Tunnel" Disconnect
