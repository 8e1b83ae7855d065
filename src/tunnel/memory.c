#include "config.h"

#include "tunnel/memory.h"

#include <glib.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

/* What can be written stays: it holds addresses that were filled in. */
static int
let_go(struct dl_phdr_info *info, size_t size, void *data)
{
    uintptr_t page = *(const uintptr_t *)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0)
            (void)madvise((void *)(begin / page * page), begin % page + part->p_memsz,
                          MADV_DONTNEED);
    }
    return 0;
}

void
memory_let_go(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(let_go, &page);
}
