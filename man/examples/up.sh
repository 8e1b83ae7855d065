#!/bin/sh
# up.sh PROFILE - connects, tells what the tunnel is, disconnects. busctl(1) is all that it needs; as root,
# because it listens to the bus.
set -eu
name=org.ginnel.Ginnel1
root=/org/ginnel/Ginnel1

folder=$(mktemp -d)
mkfifo "$folder/signals" "$folder/ready"
busctl --json=short --match "type='signal',sender='$name'" monitor \
    >"$folder/signals" 2>"$folder/ready" &
monitor=$!
trap 'kill $monitor 2>/dev/null; rm -r "$folder"' EXIT
exec 3<"$folder/signals"
read -r _ <"$folder/ready" # it listens: what comes now is not missed

# A method's answer: {"type":"o","data":["/org/ginnel/Ginnel1/tunnel/1"]}
answer=$(busctl --json=short call "$name" "$root" "$name.Manager" Activate 'sa{sv}' "$1" 0)
tunnel=$(printf '%s' "$answer" | sed 's/.*\["\([^"]*\)"\].*/\1/')

# One signal a change, until it is connected, or has failed.
grep -q -m 1 -e '"State":{"type":"s","data":"connected"' -e '"State":{"type":"s","data":"failed"' <&3

property()
{
    busctl get-property "$name" "$tunnel" "$name.Tunnel" "$1"
}

echo "state $(property State), gateway $(property GatewayAddress), by $(property Transport)"
echo "addresses $(property Addresses)"
property ReasonText
busctl call "$name" "$tunnel" "$name.Tunnel" Disconnect
