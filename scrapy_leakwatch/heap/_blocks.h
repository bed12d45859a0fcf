/* The blocks of malloc that objects of extensions keep, and the bytes of each.

   An object that is written in C refers by plain pointers to blocks that glibc's malloc
   gave, and those to others. Nothing says which words are pointers: so each counts as
   one that is the address of a block in use, as in a conservative collector (Boehm and
   Weiser, 1988). A word may look like one by chance, or be a dead one. To keep that from
   leading to much, all objects are followed at the same time and breadth first, and each
   block is that of the object it is nearest to. What libraries and other objects refer
   to is followed as well, a few steps later: it is nobody's here. Stacks, and what is
   free in Python's allocator, are not: most of their words are dead, and the blocks that
   they point to somebody else's by now.

   Memory is only read, and only where it is resident: a page that is not may be a guard
   within a mapping (MADV_GUARD_INSTALL), which ends who reads it. The layout of a block
   is that of glibc's malloc/malloc.c, of arenas that of malloc/arena.c, of the small
   blocks of Python's allocator that of Objects/obmalloc.c since 3.10. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#define KNOWS_BLOCKS 1
#else
#define KNOWS_BLOCKS 0
#endif

#define IN_USE 1u /* of the block before */
#define IS_MAPPED 2u
#define OF_ARENA 4u
#define BLOCK_FLAGS 7u
#define LEAST_BLOCK 32
#define BLOCK_HEAD 16 /* before the address that malloc returns */
#define OWN_HEAD 16 /* that protobuf puts before what it gives */
#define ARENA_BYTES (64ul << 20)
#define PAGES_AT_ONCE 512
#define MOST_WAITING (4u << 20)
#define BLOCKS_A_LOOK 4096
#define LATE 6 /* steps after which what is nobody's is followed, */
#define WORTH (4u << 20) /* and bytes that others have by then: else it matters little */
#define MOST_TEXT (64ul << 20)
#define MOST_REGIONS (1u << 17)
#define NOBODY UINT32_MAX
#define MOST_EMPTY (1ul << 20)  /* before a block that must be aligned */
#define MOST_ZEROED (1ul << 20) /* that a library's variables take after its file */
#define POOL_BYTES 16384ul

enum place { HEAP, ANONYMOUS, GLOBALS };

typedef struct {
    unsigned long start, end;
    enum place place;
    int after_file;
    uint8_t *met;      /* a bit for each 16 bytes */
    uint8_t *resident; /* a bit for each page, */
    uint8_t *asked;    /* and for each `PAGES_AT_ONCE` */
} Region;

/* Tells whether there is an object of Python's at an address. */
typedef int (*IsObject)(void *objects, uintptr_t address);

typedef struct __attribute__((packed)) {
    uintptr_t block;
    uint32_t of;
} Waiting;

typedef struct {
    char *text; /* of the kernel's list */
    Region *regions, *last;
    size_t count;
    uintptr_t page;
    int pagemap;
    Waiting *waiting; /* a ring */
    size_t first, waiting_count, waiting_room;
    size_t owned; /* of those that wait */
    IsObject is_object;
    void *objects;
    double until;
    size_t looked;
    int failed; /* for want of memory or time */
} Blocks;

/* ---- where blocks may be --------------------------------------------------------- */

/* Returns memory that is zero, NULL where there is none. Not malloc's: to free some of
   that might give back what is still to be read. */
static void *
borrow(size_t bytes)
{
    void *found = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return found == MAP_FAILED ? NULL : found;
}

/* Reads what the kernel lists, and returns its length; 0 where that can't be read. */
static size_t
read_maps(char *text)
{
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0)
        return 0;
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < MOST_TEXT) {
        got = read(maps, text + length, MOST_TEXT - length);
        length += got > 0 ? (size_t)got : 0;
    }
    close(maps);
    return got == 0 ? length : 0;
}

/* Lists the writable mappings that are no other process's as well. */
static int
list_regions(Blocks *self)
{
    char *line = self->text, *newline;
    const char *end = line + read_maps(line);
    unsigned long end_of_file = 0;
    for (; (newline = memchr(line, '\n', (size_t)(end - line))); line = newline + 1) {
        *newline = '\0';
        Region region = {0};
        unsigned long inode;
        char access[8];
        int at = 0;
        if (sscanf(line, "%lx-%lx %7s %*x %*s %lu %n", &region.start, &region.end, access,
                   &inode, &at) < 4)
            continue;
        if (inode)
            end_of_file = region.end;
        if (strncmp(access, "rw", 2) || access[3] != 'p')
            continue;
        const char *name = line + at;
        region.place = ANONYMOUS;
        if (inode)
            region.place = GLOBALS;
        else if (!strncmp(name, "[heap]", 6))
            region.place = HEAP;
        else if (*name == '[' && strncmp(name, "[anon", 5))
            continue; /* a stack */
        region.after_file = region.start == end_of_file;
        if (self->count == MOST_REGIONS)
            return -1;
        self->regions[self->count++] = region;
    }
    return self->count ? 0 : -1;
}

static Region *
region_at(Blocks *self, uintptr_t address)
{
    Region *last = self->last;
    if (last && last->start <= address && address < last->end)
        return last;
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (self->regions[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == self->count || self->regions[low].start > address)
        return NULL;
    return self->last = &self->regions[low];
}

static int
has_bit(const uint8_t *bits, size_t place)
{
    return bits[place / 8] >> place % 8 & 1;
}

static void
set_bit(uint8_t *bits, size_t place)
{
    bits[place / 8] |= (uint8_t)(1u << place % 8);
}

static void *
bits_for(Blocks *self, size_t count)
{
    void *bits = calloc(count / 8 + 1, 1);
    if (!bits)
        self->failed = 1;
    return bits;
}

/* Asks which of the pages around one are resident. */
static void
ask_for_pages(Blocks *self, Region *region, size_t page)
{
    uint64_t pages[PAGES_AT_ONCE];
    size_t first = page / PAGES_AT_ONCE * PAGES_AT_ONCE;
    off_t place = (off_t)((region->start / self->page + first) * sizeof *pages);
    ssize_t got = pread(self->pagemap, pages, sizeof pages, place);
    size_t all = (region->end - region->start) / self->page;
    for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *pages && first + i < all; i++)
        if (pages[i] >> 63)
            set_bit(region->resident, first + i);
    set_bit(region->asked, page / PAGES_AT_ONCE);
}

/* Tells whether the 16 bytes at an address can be read, which is a multiple of that. */
static int
is_resident(Blocks *self, Region *region, uintptr_t address)
{
    if (address < region->start || address >= region->end)
        return 0;
    if (!region->resident) {
        size_t all = (region->end - region->start) / self->page;
        region->resident = bits_for(self, all);
        region->asked = bits_for(self, all / PAGES_AT_ONCE);
    }
    if (self->failed)
        return 0;
    size_t page = (address - region->start) / self->page;
    if (!has_bit(region->asked, page / PAGES_AT_ONCE))
        ask_for_pages(self, region, page);
    return has_bit(region->resident, page);
}

/* Tells whether `address` is in an arena of a thread's; each begins at a multiple of
   its largest size with what it is part of and how large it is by now. */
static int
is_in_arena(Blocks *self, Region *region, uintptr_t address)
{
    uintptr_t base = address & ~(ARENA_BYTES - 1);
    if (!is_resident(self, region, base) || !is_resident(self, region, base + 16))
        return 0;
    const uintptr_t *head = (const uintptr_t *)base;
    return head[2] <= ARENA_BYTES && head[2] % self->page == 0 &&
           address - base < head[2] && head[0] % 16 == 0 && region_at(self, head[0]);
}

/* Tells whether a free block ends at a head, which then has its size. */
static int
is_after_free(Blocks *self, Region *region, const uintptr_t *head)
{
    uintptr_t size = head[0];
    if (size < LEAST_BLOCK || size % 16 ||
        !is_resident(self, region, (uintptr_t)head - size))
        return 0;
    const uintptr_t *before = (const uintptr_t *)((uintptr_t)head - size);
    return (before[1] & ~(uintptr_t)BLOCK_FLAGS) == size;
}

/* Returns the size of the block that malloc gave at `address`, with its head; 0 where
   there is none in use. */
static size_t
size_of_block(Blocks *self, uintptr_t address)
{
    if (address % 16)
        return 0;
    Region *region = region_at(self, address);
    if (!region || region->place == GLOBALS ||
        !is_resident(self, region, address - BLOCK_HEAD))
        return 0;
    const uintptr_t *head = (const uintptr_t *)(address - BLOCK_HEAD);
    uintptr_t size = head[1] & ~(uintptr_t)BLOCK_FLAGS, flags = head[1] & BLOCK_FLAGS;
    uintptr_t left = region->end - (uintptr_t)head;
    if (size < LEAST_BLOCK || size % 16 || size > left)
        return 0;
    if (flags == IS_MAPPED) {
        /* Where it must be aligned, a part before it is empty. From 2.43 on the size is
           without the head. */
        uintptr_t empty = head[0], over = (size + empty + BLOCK_HEAD) % self->page;
        return ((uintptr_t)head - empty) % self->page == 0 && empty < MOST_EMPTY &&
                       (over == 0 || over == BLOCK_HEAD) ? size : 0;
    }
    int of_arena = region->place == ANONYMOUS;
    if (flags & IS_MAPPED || (flags & OF_ARENA) != (of_arena ? OF_ARENA : 0) ||
        (of_arena && !is_in_arena(self, region, address)))
        return 0;
    if (left - size < BLOCK_HEAD || !(flags & IN_USE || is_after_free(self, region, head)))
        return 0;
    if (!is_resident(self, region, (uintptr_t)head + size))
        return 0;
    uintptr_t next = ((const uintptr_t *)((uintptr_t)head + size))[1];
    uintptr_t next_size = next & ~(uintptr_t)BLOCK_FLAGS;
    if (!(next & IN_USE) || next & IS_MAPPED || (next & OF_ARENA) != (flags & OF_ARENA))
        return 0;
    return next_size >= 16 && next_size <= left - size ? size : 0;
}

/* Returns 1 the first time that it is asked about a block. */
static int
is_new(Blocks *self, uintptr_t block)
{
    Region *region = region_at(self, block);
    if (!region->met)
        region->met = bits_for(self, (region->end - region->start) / 16);
    size_t place = (block - region->start) / 16;
    if (self->failed || has_bit(region->met, place))
        return 0;
    set_bit(region->met, place);
    return 1;
}

/* ---- from block to block ------------------------------------------------------------ */

/* Gives the ring twice the room. */
static int
widen(Blocks *self)
{
    size_t room = self->waiting_room ? self->waiting_room * 2 : 4096;
    size_t bytes = room * sizeof *self->waiting;
    if (room > MOST_WAITING)
        return -1;
    Waiting *larger = borrow(bytes);
    if (!larger)
        return -1;
    for (size_t i = 0; i < self->waiting_count; i++)
        larger[i] = self->waiting[(self->first + i) % self->waiting_room];
    if (self->waiting)
        munmap(self->waiting, self->waiting_room * sizeof *self->waiting);
    self->waiting = larger;
    self->first = 0;
    self->waiting_room = room;
    return 0;
}

static void
put_off(Blocks *self, uintptr_t block, uint32_t of)
{
    if (self->waiting_count == self->waiting_room && widen(self) < 0) {
        self->failed = 1;
        return;
    }
    size_t place = (self->first + self->waiting_count++) % self->waiting_room;
    self->waiting[place] = (Waiting){block, of};
    self->owned += of != NOBODY;
}

/* Objects of Python's are in blocks, too: after what the collector and the interpreter
   have before them. */
static inline int
is_of_object(Blocks *self, uintptr_t block, size_t size)
{
    for (size_t before = 0; before <= 32 && before + LEAST_BLOCK <= size; before += 16)
        if (self->is_object(self->objects, block + before))
            return 1;
    return 0;
}

typedef struct {
    uintptr_t count, free, next, previous;
    uint32_t arena, size, end, last;
} Pool;

/* Returns the size of the block that Python's allocator gave at an address. */
static size_t
size_of_small(Blocks *self, uintptr_t address)
{
    uintptr_t start = address & ~(POOL_BYTES - 1), place = address - start;
    if (address % 16 || place < sizeof(Pool))
        return 0;
    Region *region = region_at(self, address);
    if (!region || region->place != ANONYMOUS || !is_resident(self, region, start) ||
        region->end - start < POOL_BYTES)
        return 0;
    const Pool *pool = (const Pool *)start;
    uint32_t size = (pool->size + 1) * 16;
    if (pool->size >= 32 || pool->last != POOL_BYTES - size || pool->end > POOL_BYTES)
        return 0;
    return place < pool->end && (place - sizeof(Pool)) % size == 0 ? size : 0;
}

static size_t
size_of_any(Blocks *self, uintptr_t address)
{
    size_t size = size_of_block(self, address);
    return size ? size : size_of_small(self, address);
}

/* Puts off the new blocks that the words from `start` on point to, be it after a head
   that a library has put before what it gave. */
static void
follow_words(Blocks *self, uintptr_t start, size_t bytes, uint32_t of)
{
    const uintptr_t *words = (const uintptr_t *)start;
    for (size_t i = 0; i < bytes / sizeof *words && !self->failed; i++) {
        uintptr_t block = words[i];
        if (!block || block % 16)
            continue;
        size_t size = size_of_any(self, block);
        if (!size)
            size = size_of_block(self, block -= OWN_HEAD);
        if (size && !is_of_object(self, block, size) && is_new(self, block))
            put_off(self, block, of);
    }
}

static inline int
is_late(Blocks *self)
{
    if (now() > self->until)
        self->failed = 1;
    return self->failed;
}

/* Follows what is resident of a region from `start` on, and returns how much that is. */
static size_t
follow_resident(Blocks *self, uintptr_t start, size_t bytes, uint32_t of)
{
    Region *region = region_at(self, start);
    uintptr_t end = start + bytes;
    size_t found = 0, looked = 0;
    for (uintptr_t from = start, to; region && from < end && !self->failed; from = to) {
        to = (from / self->page + 1) * self->page;
        to = to < end ? to : end;
        if (++looked % PAGES_AT_ONCE == 0 && is_late(self))
            break;
        if (is_resident(self, region, from)) {
            found += to - from;
            follow_words(self, from, to - from, of);
        }
    }
    return found;
}

/* Follows the block that has waited longest, and returns its bytes and whose it is. */
static size_t
follow_next(Blocks *self, uint32_t *of)
{
    Waiting next = self->waiting[self->first];
    self->first = (self->first + 1) % self->waiting_room;
    self->waiting_count--;
    self->owned -= next.of != NOBODY;
    *of = next.of;
    if (++self->looked % BLOCKS_A_LOOK == 0 && is_late(self))
        return 0;
    size_t size = size_of_small(self, next.block);
    if (size)
        return follow_resident(self, next.block, size, next.of);
    size = size_of_block(self, next.block);
    /* The next one's first word is in it, and its own head is before it. */
    size_t bytes = size ? size - sizeof(uintptr_t) : 0;
    return bytes ? follow_resident(self, next.block, bytes, next.of) + size - bytes : 0;
}

/* Follows the variables of all libraries: what a file has them begin with, and after
   that those that are zero at first, to where blocks of malloc's begin. */
static void
follow_globals(Blocks *self)
{
    for (size_t i = 0; i < self->count && !self->failed; i++) {
        Region region = self->regions[i];
        uintptr_t end = region.place == GLOBALS ? region.end : region.start;
        while (region.place == ANONYMOUS && region.after_file && end < region.end &&
               end - region.start < MOST_ZEROED && !size_of_block(self, end + BLOCK_HEAD))
            end += self->page;
        if (end > region.start)
            follow_resident(self, region.start, end - region.start, NOBODY);
    }
}

static void
blocks_free(Blocks *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->regions[i].met);
        free(self->regions[i].resident);
        free(self->regions[i].asked);
    }
    if (self->regions)
        munmap(self->regions, MOST_REGIONS * sizeof *self->regions);
    if (self->text)
        munmap(self->text, MOST_TEXT);
    if (self->waiting)
        munmap(self->waiting, self->waiting_room * sizeof *self->waiting);
    if (self->pagemap >= 0)
        close(self->pagemap);
}

static int
blocks_init(Blocks *self, IsObject is_object, void *objects, double until)
{
    *self = (Blocks){.is_object = is_object, .objects = objects, .until = until,
                     .pagemap = -1};
    self->page = (uintptr_t)sysconf(_SC_PAGESIZE);
    self->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    self->text = borrow(MOST_TEXT);
    self->regions = borrow(MOST_REGIONS * sizeof *self->regions);
    if (self->pagemap < 0 || !self->text || !self->regions)
        return -1;
    return list_regions(self);
}
