"""Includes point down only, and the pure folders stay pure (layers.txt)."""

import os
import re

from .sources import files, read, without_comments_and_strings

CLAIM = "every include points down, and the pure folders have no socket, clock, file, loop or global"

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "layers.txt")

# Whole headers that a pure folder has no use for.
IMPURE_HEADERS = re.compile(
    r"gio/.*|glib-unix\.h|gmodule\.h|glib/gstdio\.h|"
    r"sys/(socket|un|stat|file|epoll|eventfd|timerfd|signalfd|ioctl|mman|select|poll|time|random|"
    r"wait|prctl|syscall)\.h|"
    r"netinet/.*|net/.*|netdb\.h|linux/.*|systemd/.*|poll\.h|fcntl\.h|unistd\.h|time\.h|signal\.h|"
    r"dirent\.h|pthread\.h|threads\.h|stdatomic\.h|nftables/.*|netlink/.*")

# Calls that headers for other things bring with them.
IMPURE_CALLS = re.compile(
    r"\b(g_get_(monotonic|real|current)_time|g_date_time_new_now\w*|g_time_\w*now\w*|"
    r"g_(timeout|idle|child_watch|io_add|unix_fd)_\w+|g_main_\w+|g_source_\w+|g_thread_\w+|"
    r"g_file_\w+|g_mapped_file_\w+|g_key_file_load_from_\w+|g_dir_\w+|g_spawn_\w+|"
    r"g_(get|set)env\w*|getenv|secure_getenv|setenv|"
    r"g_random_\w+|g_print|g_printerr|printf|fprintf|"
    r"fopen|fdopen|freopen|open|openat|read|write|close|socket|bind|connect|listen|accept|"
    r"send|sendto|sendmsg|recv|recvfrom|recvmsg|getaddrinfo|"
    r"time|gettimeofday|clock_gettime|clock|nanosleep|usleep|sleep|rand|srand|random)\s*\(")

# The one folder that may include a cipher library.
CIPHER_HEADERS = re.compile(r"(gnutls|nettle|openssl|gcrypt|mbedtls|sodium)/.*|gmp\.h|gcrypt\.h|"
                            r"sodium\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)


def table(path=TABLE):
    """(folder -> folders it may include, pure folders, files of theirs that may wait in a thread)"""
    allowed = {}
    with open(path) as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                name, _, rest = line.partition(":")
                allowed[name] = rest.split()
    return allowed, allowed.pop("pure"), allowed.pop("thread")


def mutable_globals(text):
    """(line number, line) of data with static storage that could change."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        declaration = re.match(r"(?:static|_Thread_local|__thread|G_LOCK_DEFINE\w*)\b.*", stripped)
        if not declaration and depth == 0:
            declaration = re.match(r"(?!extern|typedef|struct\s+\w+\s*\{|struct\s+\w+;|enum|union|"
                                   r"return|else|G_)[A-Za-z_][\w \t*]*[ *]\w+"
                                   r"(?:\[[^]]*\])*\s*(?:=|;)", line)
        if declaration:
            head = re.split(r"[={;]", stripped)[0]
            is_data = "(" not in head and re.search(r"[={;]|\]\s*$", stripped)
            if is_data and not constant(head):
                yield number, stripped
        depth += line.count("{") - line.count("}")


def constant(head):
    """Whether the object itself is const: `const T x`, `const T *const x`, not `const T *x`."""
    if "inline" in head or stripped_typedef(head):
        return True
    if "*" in head:
        return bool(re.search(r"\*\s*const\b[^*]*$", head))
    return bool(re.search(r"\bconst\b", head))


def stripped_typedef(head):
    return head.startswith(("static_assert", "_Static_assert"))


def problems(root):
    allowed, pure, thread = table()
    for path in files(root, "src", ".c", ".h"):
        parts = path.split("/")
        if len(parts) < 3:
            yield f"{path}: a source file outside the layers"
            continue
        folder = parts[1]
        if folder not in allowed:
            yield f"{path}: folder {folder} is not in tests/check/layers.txt"
            continue
        source = read(root, path)
        yield from include_problems(root, path, folder, source, allowed, pure)
        if folder in pure:
            yield from purity_problems(path, without_comments_and_strings(source),
                                       path in [f"src/{name}" for name in thread])


def include_problems(root, path, folder, source, allowed, pure):
    for match in INCLUDE.finditer(source):
        own, system = match.groups()
        where = f"{path}:{source.count(chr(10), 0, match.start()) + 1}"
        if own:
            target = own.split("/")[0]
            if "/" not in own:
                # config.h, and files that are generated or lie in the build folder.
                if os.path.exists(os.path.join(root, "src", folder, own)):
                    yield f'{where}: include "{folder}/{own}" instead of "{own}"'
            elif target not in allowed:
                yield f'{where}: "{own}" is not a layer'
            elif target != folder and target not in allowed[folder]:
                yield f"{where}: {folder} may not include {target}"
            continue
        if folder != "crypto" and CIPHER_HEADERS.fullmatch(system):
            yield f"{where}: <{system}>: only crypto includes a cipher library"
        if folder in pure and IMPURE_HEADERS.fullmatch(system):
            yield f"{where}: <{system}> in a pure folder"


def purity_problems(path, text, may_thread):
    for number, line in enumerate(text.splitlines(), 1):
        for match in IMPURE_CALLS.finditer(line):
            before = line[:match.start()].rstrip()
            if may_thread and match.group(1).startswith("g_thread_"):
                continue
            if not before.endswith((".", "->")) and not line.startswith(match.group(1)):
                yield f"{path}:{number}: {match.group(1)} in a pure folder"
    for number, line in mutable_globals(text):
        yield f"{path}:{number}: mutable global in a pure folder: {line}"


EXAMPLES = [
    ("a tree that keeps the rules", {
        "src/base/bytes.h": "#include <glib.h>\nstatic const int a[] = { 1 };\n"
                            "static inline int f(int x)\n{\n    return x;\n}\n",
        "src/base/bytes.c": '#include "base/bytes.h"\n#include <string.h>\n'
                            "static const char *const names[] = { \"a\" };\n"
                            "/* open() the time() */\nstatic int\ng(void)\n{\n"
                            "    static const char zero[4];\n    int x = 3;\n    r->read(x);\n}\n",
        "src/ike/engine.c": '#include "base/bytes.h"\n#include "crypto/prf.h"\n',
        "src/daemon/main.c": "#include <gio/gio.h>\nstatic int counter;\n",
    }, None),
    ("an include that points up", {"src/ike/engine.c": '#include "transport/udp.h"\n'},
     "ike may not include transport"),
    ("an include that points sideways", {"src/plan/a.c": '#include "crypto/prf.h"\n'},
     "plan may not include crypto"),
    ("a folder that is no layer", {"src/misc/a.c": "int f(void);\n"}, "misc is not in"),
    ("a socket", {"src/encap/a.c": "#include <sys/socket.h>\n"}, "<sys/socket.h> in a pure"),
    ("GIO", {"src/plan/a.c": "#include <gio/gio.h>\n"}, "<gio/gio.h> in a pure"),
    ("a clock", {"src/ike/a.c": "int\nf(void)\n{\n    return g_get_monotonic_time();\n}\n"},
     "g_get_monotonic_time in a pure"),
    ("a thread", {"src/crypto/tls-signer.c": "void\nf(void)\n{\n    g_thread_join(t);\n}\n",
                  "src/crypto/a.c": "void\nf(void)\n{\n    x(g_thread_new(n, f, t));\n}\n"},
     "src/crypto/a.c:4: g_thread_new in a pure"),
    ("a file", {"src/crypto/a.c": 'void\nf(void)\n{\n    FILE *x = fopen("a", "r");\n}\n'},
     "fopen in a pure"),
    ("a main loop", {"src/plan/a.c": "void\nf(void)\n{\n    g_timeout_add(1, f, NULL);\n}\n"},
     "g_timeout_add in a pure"),
    ("a static counter", {"src/esp/a.c": "static int counter;\n"}, "mutable global"),
    ("a static in a function", {"src/esp/a.c": "int\nf(void)\n{\n    static int n = 0;\n}\n"},
     "mutable global"),
    ("a global", {"src/esp/a.c": "int counter = 3;\n"}, "mutable global"),
    ("a table that is not const", {"src/esp/a.c": "static Row table[] = {\n    { 1 },\n};\n"},
     "mutable global"),
    ("a pointer that may change", {"src/esp/a.c": 'static const char *last = "";\n'},
     "mutable global"),
    ("a cipher library outside crypto", {"src/ike/a.c": "#include <gnutls/crypto.h>\n"},
     "only crypto"),
]
