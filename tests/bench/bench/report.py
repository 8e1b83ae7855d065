"""Medians over rounds, and ratios; the goals; a table and a plot.

rounds: {peer: [{figure: value}, ...]}, a list entry for each round. A ratio is the median of the rounds'
ratios: a machine that has become slower since the last round is slower for both sides of it. Beside it
stands what the rounds had: of two ratios that differ by less than that nothing is known."""

import statistics

ONE_SELECTOR = ("ginnel-udp", "selectors-1-gbps")
# What, of whom, against whom (and another figure, where it is not the same), how much of it. ">=": at least
# so many times; "<=": at most.
GOALS = [
    ("one TCP stream up, of the plaintext forwarder", "ginnel-udp", "up1-gbps", "plain-udp", ">=", 0.75),
    ("one TCP stream down, of the plaintext forwarder", "ginnel-udp", "down1-gbps", "plain-udp", ">=", 0.75),
    ("one TCP stream up, of wireguard-go", "ginnel-udp", "up1-gbps", "wireguard-go", ">=", 2.5),
    ("one TCP stream down, of wireguard-go", "ginnel-udp", "down1-gbps", "wireguard-go", ">=", 2.5),
    ("one TCP stream up, of strongSwan's libipsec", "ginnel-udp", "up1-gbps", "strongswan", ">=", 9),
    ("one TCP stream down, of strongSwan's libipsec", "ginnel-udp", "down1-gbps", "strongswan", ">=", 9),
    ("over TCP, of our own over UDP, up", "ginnel-tcp", "up1-gbps", "ginnel-udp", ">=", 1),
    ("over TCP, of our own over UDP, down", "ginnel-tcp", "down1-gbps", "ginnel-udp", ">=", 1),
    ("over TCP, of OpenVPN over TCP", "ginnel-tcp", "up1-gbps", "openvpn-tcp", ">=", 10),
    ("over TCP, of OpenConnect over TLS", "ginnel-tcp", "up1-gbps", "openconnect-tls", ">=", 7),
    ("200-octet packets, of the plaintext forwarder", "ginnel-udp", "flood-pps", "plain-udp", ">=", 0.9),
    ("200-octet packets, of wireguard-go", "ginnel-udp", "flood-pps", "wireguard-go", ">=", 2.5),
    ("CPU for a gigabyte up, of wireguard-go", "ginnel-udp", "up1-cpu-client", "wireguard-go", "<=", 0.35),
    ("CPU for a gigabyte up, of libipsec", "ginnel-udp", "up1-cpu-client", "strongswan", "<=", 0.08),
    ("one TCP stream with 5,000 selectors, of with one", "ginnel-udp", "selectors-5000-gbps", ONE_SELECTOR, ">=", 0.9),
    ("from asking to connected, pre-shared key, of charon", "ginnel-udp", "up-psk-ms", "strongswan", "<=", 1),
    ("the same with certificates", "ginnel-udp", "up-certificate-ms", "strongswan", "<=", 1),
    ("the same with EAP-MSCHAPv2", "ginnel-udp", "up-eap-ms", "strongswan", "<=", 1),
    ("ping alone, of the plaintext forwarder", "ginnel-udp", "ping-us", "plain-udp", "<=", 1.1),
    ("memory after a flood, MB", "ginnel-udp", "memory-after-client", None, "<=", 10),
    ("wake-ups in a minute at rest, service and tunnel", "ginnel-udp", "idle-wakeups", None, "<=", 4),
    ("packets lost while keys change 20 times a second", "ginnel-udp", "rekeying-lost", None, "<=", 0),
    ("ping beside an upload over 20 Mbit/s, TCP, of the bare link", "ginnel-tcp", "bottleneck-ms", "bare", "<=", 1.5),
    ("its 99th percentile, of the bare link", "ginnel-tcp", "bottleneck-p99-ms", "bare", "<=", 1.5),
    ("the upload, of OpenVPN over TCP", "ginnel-tcp", "bottleneck-mbps", "openvpn-tcp", ">=", 0.95),
    ("the ping with 40 ms of delay each way, of the bare link", "ginnel-tcp", "far-ms", "bare", "<=", 1.5),
    ("its 99th percentile, of the bare link", "ginnel-tcp", "far-p99-ms", "bare", "<=", 1.5),
    ("the upload, of OpenVPN over TCP", "ginnel-tcp", "far-mbps", "openvpn-tcp", ">=", 0.95),
]

# Tables: what of, and the columns: title, figure, format.
TABLES = [
    ("One TCP stream, and four", [
        ("up Gbit/s", "up1-gbps", "{:.2f}"), ("down", "down1-gbps", "{:.2f}"),
        ("4 up", "up4-gbps", "{:.2f}"), ("4 down", "down4-gbps", "{:.2f}"),
        ("CPU s/GB up, client", "up1-cpu-client", "{:.2f}"),
        ("gateway", "up1-cpu-gateway", "{:.2f}")]),
    ("Packets of 200 octets", [
        ("flood /s", "flood-pps", "{:.0f}"), ("client us each", "flood-us-client", "{:.1f}"),
        ("lost at 20,000/s", "20k-loss", "{:.3f}"), ("at 40,000/s", "40k-loss", "{:.3f}"),
        ("RSS MB before", "memory-before-client", "{:.1f}"),
        ("after", "memory-after-client", "{:.1f}")]),
    ("Ping", [("alone us", "ping-us", "{:.0f}"), ("beside an upload", "ping-loaded-us", "{:.0f}")]),
    ("Beside an upload over 20 Mbit/s", [
        ("ping ms", "bottleneck-ms", "{:.0f}"), ("99th percentile", "bottleneck-p99-ms", "{:.0f}"),
        ("upload Mbit/s", "bottleneck-mbps", "{:.1f}")]),
    ("The same with 40 ms of delay each way", [
        ("ping ms", "far-ms", "{:.0f}"), ("99th percentile", "far-p99-ms", "{:.0f}"),
        ("upload Mbit/s", "far-mbps", "{:.1f}"), ("ping over the line alone", "far-line-ms", "{:.1f}"),
        ("most", "far-line-most-ms", "{:.1f}")]),
    ("From asking to connected, ms", [
        ("pre-shared key", "up-psk-ms", "{:.0f}"), ("certificate", "up-certificate-ms", "{:.0f}"),
        ("EAP-MSCHAPv2", "up-eap-ms", "{:.0f}")]),
    ("Keys that change under load", [
        ("a second", "rekeying-per-s", "{:.1f}"), ("packets", "rekeying-packets", "{:.0f}"),
        ("lost", "rekeying-lost", "{:.0f}"), ("socket full", "rekeying-overflows", "{:.0f}")]),
    ("One minute at rest, the client", [
        ("wake-ups", "idle-wakeups", "{:.0f}"), ("RSS MB", "idle-rss-mb", "{:.1f}"),
        ("PSS MB", "idle-pss-mb", "{:.1f}")]),
]
# What ours alone was asked: a line for each kind of figure.
LISTS = [("Gbit/s up, by selectors", "selectors", "gbps", "{:.2f}"),
         ("MB for each end, by tunnels", "tunnels", "mb", "{:.2f}"),
         ("wake-ups a second of all ends at rest, by tunnels", "tunnels", "wakeups", "{:.1f}"),
         ("Gbit/s up with a stream in each, by tunnels", "tunnels", "gbps", "{:.2f}")]
WAYS = ("psk", "certificate", "eap")
PARTS = [("ginneld", "daemon"), ("its ginnel-tunnel", "tunnel")]
GOAL_WORDS = ("what", "value", "against", "ratio", "least", "most", "relation", "goal", "met")


def medians(rounds):
    """{peer: {figure: median}}."""
    return {peer: {name: statistics.median(one[name] for one in figures if name in one)
                   for name in sorted({name for one in figures for name in one})}
            for peer, figures in rounds.items() if figures}


def ratios(rounds, peer, figure, base, base_figure=None):
    """Of the rounds in which both were measured; base None: the figures themselves."""
    if base is None:
        return [ours[figure] for ours in rounds.get(peer, []) if figure in ours]
    return [ours[figure] / theirs[base_figure or figure]
            for ours, theirs in zip(rounds.get(peer, []), rounds.get(base, []))
            if figure in ours and theirs.get(base_figure or figure)]


def ratio(rounds, peer, figure, base):
    """None where there is no round in which both were measured."""
    found = ratios(rounds, peer, figure, base)
    return statistics.median(found) if found else None


def goals(rounds):
    """Rows of GOAL_WORDS, of those whose both sides were measured."""
    found, rows = medians(rounds), []
    for what, ours, figure, other, relation, goal in GOALS:
        base, base_figure = other if isinstance(other, tuple) else (other, figure)
        value = found.get(ours, {}).get(figure)
        against = found.get(base, {}).get(base_figure) if base else 1
        each = ratios(rounds, ours, figure, base, base_figure)
        if each:
            reached = statistics.median(each)
            rows.append((what, value, against, reached, min(each), max(each), relation, goal,
                         reached >= goal if relation == ">=" else reached <= goal))
    return rows


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(word.rjust(width) if i else word.ljust(width)
                               for i, (word, width) in enumerate(zip(row, widths)))
                     for row in rows)


def tables(found):
    """Texts, the peers one below the other; only what somebody has."""
    for title, columns in TABLES:
        rows = [[peer] + [form.format(figures[name]) if name in figures else ""
                          for _, name, form in columns] for peer, figures in found.items()]
        rows = [row for row in rows if any(row[1:])]
        if rows:
            yield aligned([[title, *(heading for heading, _, _ in columns)], *rows])


def own_text(figures):
    """What ours alone was asked, a line for each question."""
    lines = []
    for title, kind, name, form in LISTS:
        values = sorted((int(key.split("-")[1]), value) for key, value in figures.items()
                        if key.startswith(kind + "-") and key.split("-", 2)[2] == name)
        if values:
            lines.append(f"{title}: " + ", ".join(f"{number}: {form.format(value)}"
                                                  for number, value in values))
    connecting = [f"{way}: {figures[f'up-{way}-connecting-ms']:.0f}" for way in WAYS
                  if f"up-{way}-connecting-ms" in figures]
    if connecting:
        lines.append("ms of it that ginnel says it was connecting: " + ", ".join(connecting))
    for title, part in PARTS:
        if f"idle-{part}-wakeups" in figures:
            lines.append(f"At rest for a minute, {title}: "
                         f"{figures[f'idle-{part}-wakeups']:.0f} wake-ups, "
                         f"{figures[f'idle-{part}-rss-mb']:.1f} MB RSS, "
                         f"{figures[f'idle-{part}-pss-mb']:.1f} MB PSS")
    return "\n".join(lines)


def goals_text(rows):
    if not rows:
        return ""
    return aligned([["What", "ours", "of", "ratio", "rounds", "goal", ""], *(
        [what, f"{value:.4g}", f"{against:.4g}" if against != 1 else "", f"{ratio:.3f}",
         f"{least:.2f} .. {most:.2f}", f"{relation} {goal}", "met" if met else "MISSED"]
        for what, value, against, ratio, least, most, relation, goal, met in rows)])


# Title, figure, whose is 1, and whether more is better.
CHARTS = [("One TCP stream up", "up1-gbps", "plain-udp", True),
          ("One TCP stream down", "down1-gbps", "plain-udp", True),
          ("Packets of 200 octets, a flood", "flood-pps", "plain-udp", True),
          ("CPU of the client for a gigabyte up", "up1-cpu-client", "plain-udp", False),
          ("Ping beside an upload, 20 Mbit/s", "bottleneck-ms", "bare", False),
          ("Ping beside an upload, 20 Mbit/s and 40 ms away", "far-ms", "bare", False),
          ("From asking to connected, pre-shared key", "up-psk-ms", "strongswan", False),
          ("Wake-ups in a minute at rest", "idle-wakeups", "strongswan", False)]
# Pixels.
CHART_WIDTH, LABEL_WIDTH, BAR_WIDTH, BAR_STEP = 470, 130, 260, 20


def chart(title, figure, base, more, rounds):
    """SVG of one, and its height; ("", 0) without its base."""
    # What has no tunnel is out of all proportion, but where it is what counts.
    bars = [(peer, value) for peer in rounds if peer != "bare" or base == "bare"
            for value in [ratio(rounds, peer, figure, base)] if value is not None]
    if not bars:
        return "", 0
    scale = BAR_WIDTH / max(value for _, value in bars)
    parts = [f'<text x="10" y="16" font-size="15" font-weight="bold">{title}</text>',
             f'<text x="10" y="34" fill="#555">{base} = 1; {"more" if more else "less"} is better</text>']
    y = 44
    for peer, value in bars:
        width = max(value * scale, 1)
        colour = "#1b6ca8" if peer.startswith("ginnel") else "#a8a8a8"
        parts.append(f'<text x="{LABEL_WIDTH}" y="{y + 12}" text-anchor="end">{peer}</text>'
                     f'<rect x="{LABEL_WIDTH + 8}" y="{y}" width="{width:.1f}" height="15" '
                     f'fill="{colour}"/>'
                     f'<text x="{LABEL_WIDTH + 14 + width:.1f}" y="{y + 12}">{value:.2f}</text>')
        y += BAR_STEP
    one = LABEL_WIDTH + 8 + scale
    parts.append(f'<line x1="{one:.1f}" x2="{one:.1f}" y1="42" y2="{y}" stroke="#c0392b" '
                 'stroke-dasharray="4 3"/>')
    return "\n".join(parts), y + 24


def svg(rounds):
    """Bars, a group for each chart that has its base; two beside each other."""
    made = [one for one in (chart(*words, rounds) for words in CHARTS) if one[1]]
    parts, y = [], 10
    for i in range(0, len(made), 2):
        pair = made[i:i + 2]
        for column, (text, _) in enumerate(pair):
            parts.append(f'<g transform="translate({column * CHART_WIDTH} {y})">\n{text}\n</g>')
        y += max(height for _, height in pair)
    width = 2 * CHART_WIDTH
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
            'font-family="sans-serif" font-size="13">\n'
            f'<rect width="{width}" height="{y}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
