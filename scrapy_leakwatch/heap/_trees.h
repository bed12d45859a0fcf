/* The size of parsed documents (libxml2) behind lxml's elements.

   lxml has a libxml2 of its own, so it can't be asked; the structs here are the
   public ones of its tree.h, which did not change since 2.6. Each document is
   counted once: its nodes, their text and attributes. Their names are in a
   dictionary that all documents share. */

#include <string.h>
#if defined(__GLIBC__) || defined(__FreeBSD__)
#include <malloc.h>
#define CAN_ASK_MALLOC 1
#endif

#define EXACT_TREES 20000
#define EXACT_SECONDS 2.0
#define MOST_SECONDS_A_TREE 5.0
#define NODES_A_LOOK 8192
#define ELEMENT_WORDS 8
#define ID_BYTES 210          /* a record, its text twice, a place in a hash table */
#define DECLARATION_BYTES 160
#define PARSER_BYTES 1400     /* what libxml2 keeps for a parser that was used */

enum xml {
    XML_ELEMENT = 1,
    XML_TEXT = 3,
    XML_CDATA = 4,
    XML_PI = 7,
    XML_COMMENT = 8,
    XML_DOCUMENT = 9,
    XML_HTML_DOCUMENT = 13,
    XML_DTD = 14,
};
enum { XML_ATTRIBUTE_ID = 2 };

typedef struct XmlDoc XmlDoc;
typedef struct XmlNode XmlNode;
typedef struct XmlAttr XmlAttr;
typedef struct XmlNs XmlNs;

#define XML_COMMON                                                                     \
    void *private;                                                                     \
    int type;                                                                          \
    const char *name;                                                                  \
    XmlNode *children, *last, *parent, *next, *previous;                               \
    XmlDoc *doc;

struct XmlNode {
    XML_COMMON
    XmlNs *ns;
    const char *content;
    XmlAttr *properties;
    XmlNs *definitions;
};

struct XmlAttr {
    XML_COMMON
    XmlNs *ns;
    int kind;
};

struct XmlDoc {
    XML_COMMON
    int compression, standalone;
    XmlNode *internal, *external;
    XmlNs *old;
    const char *version, *encoding;
    void *ids, *refs;
    const char *url;
};

struct XmlNs {
    XmlNs *next;
    int type;
    const char *href, *prefix;
    void *private;
    XmlDoc *context;
};

typedef struct {
    uint64_t bytes;
    uint64_t exact_bytes;
    size_t exact;
    double spent;
    const void **met;
    size_t met_count, met_room;
} TreeCount;

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What glibc takes for a block: a word before it, and all in units of 16. */
static inline size_t
chunk(size_t size)
{
    size_t taken = (size + 8 + 15) / 16 * 16;
    return taken < 32 ? 32 : taken;
}

/* `block` must be one that malloc gave. Text that grew while it was parsed has
   up to twice the room it needs. */
static inline size_t
block_bytes(const void *block, size_t least)
{
#ifdef CAN_ASK_MALLOC
    size_t usable = malloc_usable_size((void *)block);
    if (usable >= least && usable <= 2 * least + 4096)
        return chunk(usable);
#else
    (void)block;
#endif
    return chunk(least);
}

static inline size_t
text_bytes(const char *text)
{
    return text ? block_bytes(text, strlen(text) + 1) : 0;
}

/* Short text may be inside of its node. Blanks between tags and what is shorter
   than 4 may be in the dictionary (SAX2.c, xmlSAX2TextNode), where strings are
   aligned by chance only. */
static size_t
content_bytes(const XmlNode *node)
{
    const char *text = node->content;
    if (!text || text == (const char *)&node->properties || (uintptr_t)text % 16)
        return 0;
    size_t length = strlen(text);
    if (length < 4 || (length < 60 && strspn(text, " \t\n\r") == length))
        return chunk(length + 1); /* malloc isn't asked about what it may not know */
    return block_bytes(text, length + 1);
}

static size_t
attribute_bytes(const XmlAttr *attribute)
{
    size_t sum = block_bytes(attribute, sizeof *attribute);
    if (attribute->kind == XML_ATTRIBUTE_ID)
        sum += ID_BYTES;
    for (const XmlNode *part = attribute->children; part; part = part->next) {
        sum += block_bytes(part, sizeof *part);
        if (part->type == XML_TEXT)
            sum += content_bytes(part);
    }
    return sum;
}

static size_t
node_bytes(const XmlNode *node)
{
    size_t sum = block_bytes(node, sizeof *node);
    switch (node->type) {
    case XML_ELEMENT:
        for (const XmlAttr *each = node->properties; each; each = (XmlAttr *)each->next)
            sum += attribute_bytes(each);
        for (const XmlNs *each = node->definitions; each; each = each->next)
            sum += block_bytes(each, sizeof *each) + text_bytes(each->href);
        break;
    case XML_TEXT:
    case XML_CDATA:
    case XML_COMMENT:
    case XML_PI:
        sum += content_bytes(node);
        break;
    case XML_DTD:
        for (const XmlNode *each = node->children; each; each = each->next)
            sum += DECLARATION_BYTES;
        break;
    default: /* what refers to an entity has that for a child: not its own */
        break;
    }
    return sum;
}

static inline int
has_own_children(const XmlNode *node)
{
    return node->children && node->children->parent == node &&
           (node->type == XML_ELEMENT || node->type == XML_DOCUMENT ||
            node->type == XML_HTML_DOCUMENT);
}

/* Depth first, without recursion: pages nest as deep as they like. */
static uint64_t
subtree_bytes(const XmlNode *top, double until)
{
    uint64_t sum = 0;
    size_t count = 0;
    const XmlNode *node = top;
    for (;;) {
        if (node != top || (node->type != XML_DOCUMENT && node->type != XML_HTML_DOCUMENT))
            sum += node_bytes(node);
        if (++count % NODES_A_LOOK == 0 && now() > until)
            return sum;
        if (has_own_children(node)) {
            node = node->children;
            continue;
        }
        while (node != top && !node->next) {
            node = node->parent;
            if (!node)
                return sum;
        }
        if (node == top)
            return sum;
        node = node->next;
    }
}

static uint64_t
document_bytes(const XmlDoc *doc, double until)
{
    uint64_t sum = block_bytes(doc, sizeof *doc);
    sum += text_bytes(doc->version) + text_bytes(doc->encoding) + text_bytes(doc->url);
    return sum + subtree_bytes((const XmlNode *)doc, until);
}

/* ---- where it is in lxml's objects ------------------------------------------------- */

static int
is_document_object(PyObject *object)
{
    return !strcmp(Py_TYPE(object)->tp_name, "lxml.etree._Document");
}

static int
find_document_object(PyObject *target, void *arg)
{
    if (!target || !is_document_object(target))
        return 0;
    *(PyObject **)arg = target;
    return 1;
}

static inline int
may_point(uintptr_t word)
{
    return word > 65536 && word % 8 == 0;
}

/* A document is known by what points back to it. */
static const XmlDoc *
as_document(uintptr_t word)
{
    const XmlDoc *doc = (const XmlDoc *)word;
    if (!may_point(word) || doc->doc != doc)
        return NULL;
    return doc->type == XML_DOCUMENT || doc->type == XML_HTML_DOCUMENT ? doc : NULL;
}

static size_t
words_of(PyObject *object)
{
    size_t words = (size_t)Py_TYPE(object)->tp_basicsize / sizeof(uintptr_t);
    return words < ELEMENT_WORDS ? words : ELEMENT_WORDS;
}

/* lxml's `_Document` has a word that points to libxml2's. */
static const XmlDoc *
document_in(PyObject *object)
{
    const uintptr_t *words = (const uintptr_t *)object;
    for (size_t i = sizeof(PyObject) / sizeof *words; i < words_of(object); i++) {
        const XmlDoc *doc = as_document(words[i]);
        if (doc)
            return doc;
    }
    return NULL;
}

/* After the word that points to its `_Document`, an `_Element` has the one that
   points to its node. */
static const XmlNode *
node_in(PyObject *element, PyObject *document)
{
    const uintptr_t *words = (const uintptr_t *)element;
    for (size_t i = sizeof(PyObject) / sizeof *words; i + 1 < words_of(element); i++)
        if (words[i] == (uintptr_t)document && may_point(words[i + 1]))
            return (const XmlNode *)words[i + 1];
    return NULL;
}

/* ---- each once -------------------------------------------------------------------------- */

static size_t
met_slot(const void **met, size_t room, const void *top)
{
    size_t slot = (size_t)(((uintptr_t)top >> 4) * 0x9E3779B97F4A7C15ull >> 20) % room;
    while (met[slot] && met[slot] != top)
        slot = slot + 1 == room ? 0 : slot + 1;
    return slot;
}

/* Tells whether `top` was met before; if memory is short, that it was. */
static int
was_met(TreeCount *self, const void *top)
{
    if (self->met_count * 2 >= self->met_room) {
        size_t room = self->met_room ? self->met_room * 2 : 1024;
        const void **met = calloc(room, sizeof *met);
        if (!met)
            return 1;
        for (size_t i = 0; i < self->met_room; i++)
            if (self->met[i])
                met[met_slot(met, room, self->met[i])] = self->met[i];
        free(self->met);
        self->met = met;
        self->met_room = room;
    }
    size_t slot = met_slot(self->met, self->met_room, top);
    if (self->met[slot])
        return 1;
    self->met[slot] = top;
    self->met_count++;
    return 0;
}

/* Counts the tree under `top`; one of many as the mean of those before. */
static uint64_t
count_tree(TreeCount *self, const XmlNode *top)
{
    if (was_met(self, top))
        return 0;
    uint64_t bytes;
    if (self->exact >= EXACT_TREES || self->spent > EXACT_SECONDS) {
        bytes = self->exact_bytes / self->exact;
    }
    else {
        double start = now(), until = start + MOST_SECONDS_A_TREE;
        bytes = (const void *)top->doc == (const void *)top
                    ? document_bytes((const XmlDoc *)top, until)
                    : subtree_bytes(top, until);
        self->spent += now() - start;
        self->exact++;
        self->exact_bytes += bytes;
    }
    self->bytes += bytes;
    return bytes;
}

/* Returns the bytes of the document of lxml's `object`, and of the tree it is in
   where that was taken out of the document, unless they were counted before. */
static uint64_t
tree_bytes_of(TreeCount *self, PyObject *object)
{
    if (!strcmp(Py_TYPE(object)->tp_name, "lxml.etree._ParserContext")) {
        self->bytes += PARSER_BYTES;
        return PARSER_BYTES;
    }
    if (is_document_object(object)) {
        const XmlDoc *doc = document_in(object);
        return doc ? count_tree(self, (const XmlNode *)doc) : 0;
    }
    PyObject *document = NULL;
    traverseproc traverse = Py_TYPE(object)->tp_traverse;
    if (traverse)
        traverse(object, find_document_object, &document);
    const XmlDoc *doc = document ? document_in(document) : NULL;
    const XmlNode *node = doc ? node_in(object, document) : NULL;
    if (!node || node->doc != doc)
        return 0;
    uint64_t bytes = count_tree(self, (const XmlNode *)doc);
    while (node->parent)
        node = node->parent;
    if (node != (const XmlNode *)doc)
        bytes += count_tree(self, node);
    return bytes;
}

static void
tree_count_free(TreeCount *self)
{
    free(self->met);
}
