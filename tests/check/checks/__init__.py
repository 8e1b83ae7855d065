"""One module a check: CLAIM says what holds, problems (root) yields what does not, EXAMPLES are
(title, {path: text}, part of the expected complaint or None for a good tree)."""
