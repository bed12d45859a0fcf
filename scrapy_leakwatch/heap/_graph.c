/* Walks the objects of this process, for `scrapy_leakwatch.heap`.

   It reads by `tp_traverse` what each object refers to and keeps borrowed pointers
   alone: no reference count is touched and no code of the objects is run, so
   that a forked child copies no page but those of the table here. Nothing of it
   may outlive the moment in which nothing else runs.

   `twin.py` is the same in Python, slower and heavier; its docstrings say what
   each method is for. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef Py_GIL_DISABLED
#error "free-threaded builds are not supported"
#endif
#if defined(PYPY_VERSION) || !defined(__SIZEOF_POINTER__) || __SIZEOF_POINTER__ != 8
#error "only CPython on 64-bit machines is supported"
#endif

#include "_trees.h"
#include "_blocks.h"

#if PY_VERSION_HEX >= 0x030F0000
#define IS_DICT PyAnyDict_Check
#else
#define IS_DICT PyDict_Check
#endif

#define UNIT 16u
#define NONE 0x7fffffffu
#define ASIDE 0x80000000u
#define MOST_NODES 0x40000000u
#define CHECK_EVERY 8192
#define NEAR_HEAD 1024
#define PRE_HEADER ((1ul << 3) | (1ul << 4)) /* managed weakrefs, managed dict */
#define MANAGED_DICT (1ul << 4)
#define INLINE_VALUES (1ul << 2)
#define GC_HEAD 16
#define BATCH 64
#define AHEAD 16
#define MOST_OF_BODY (1l << 20)

enum mode { PLAIN = 0, SET_ASIDE = 1, OPAQUE = 2, TREE = 3, EXTENSION = 4 };
enum keeps { NO_BLOCKS = 0, BLOCKS, KNOWN_BLOCKS, OTHER_BLOCKS };

/* There are millions of these, in memory that a crawl may not have. */
typedef struct __attribute__((packed)) {
    uint32_t low; /* of the object's address, which has 48 bits */
    uint16_t high;
    uint32_t parent : 31;
    uint32_t mark : 1;
    uint32_t units;
} Node;

typedef struct {
    PyTypeObject *type;
    PyCFunction measure;
    Py_ssize_t header;
    int mode;
    int wanted;
    enum keeps keeps;
    PyTypeObject *body; /* the type of the part that is written in C */
    /* while types are counted */
    uint64_t bytes;
    uint64_t count;
} Kind;

typedef struct {
    PyObject *object;
    uint32_t parent;
    uint32_t next; /* of the same home, plus one */
    int32_t home;
} Aside;

typedef struct {
    PyObject *object;
    uint32_t parent;
} Pending;

typedef struct {
    PyObject_HEAD
    PyObject *rule;
    Node *nodes;
    size_t count, room;
    uint32_t *slots;
    size_t slot_count;
    int number_bits;
    Kind *kinds;
    size_t kind_count, kind_slots;
    Aside *asides;
    size_t aside_count, aside_room, aside_told;
    PyObject *homes, *asked, *module_key, *sizeof_key, *locals_text;
    PyCFunction object_sizeof;
    uint32_t *heads; /* the latest aside of each home, plus one */
    size_t home_count;
    uint32_t *opaque;
    size_t opaque_count, opaque_room;
    PyObject *wanted; /* the types whose instances are noted */
    uint32_t *found;
    size_t found_count, found_room;
    uint32_t *keepers; /* that may have blocks of malloc's */
    size_t keeper_count, keeper_room;
    uint32_t *others; /* that have blocks which are not to be told */
    size_t other_count, other_room;
    TreeCount trees;
    /* of the walk under way */
    uint32_t current, begin;
    Pending batch[BATCH];
    size_t batched;
    int passing, failed, partial;
    uint32_t *refs;
    size_t refs_room;
    uint32_t unreached;
} Graph;

static inline PyObject *
object_of(const Node *node)
{
    return (PyObject *)(uintptr_t)((uint64_t)node->high << 32 | node->low);
}

/* ---- tables ---------------------------------------------------------------- */

static inline uint64_t
hash_of(const void *pointer)
{
    return ((uint64_t)(uintptr_t)pointer >> 4) * 0x9E3779B97F4A7C15ull;
}

static inline size_t
slot_of(const void *pointer, size_t slot_count)
{
    return (size_t)(((__uint128_t)hash_of(pointer) * slot_count) >> 64);
}

/* An entry is the number of a node plus one, or that of an aside with a flag. The
   bits that the number leaves are of the object's hash: so a search seldom has to
   look at the node of another. */
static inline uint32_t
tag_of(const Graph *self, const void *pointer)
{
    return (uint32_t)((hash_of(pointer) >> 16) << self->number_bits) & ~ASIDE;
}

static inline uint32_t
number_of(const Graph *self, uint32_t entry)
{
    return entry & ((1u << self->number_bits) - 1);
}

static inline uint32_t
node_of(const Graph *self, uint32_t entry)
{
    return number_of(self, entry) - 1;
}

static inline PyObject *
at_slot(const Graph *self, uint32_t entry)
{
    return entry & ASIDE ? self->asides[number_of(self, entry)].object
                         : object_of(&self->nodes[node_of(self, entry)]);
}

/* Returns the slot that has `object`, or the empty one where it belongs. */
static inline size_t
lookup(const Graph *self, const PyObject *object)
{
    size_t slot = slot_of(object, self->slot_count);
    uint32_t tag = tag_of(self, object);
    for (;;) {
        uint32_t entry = self->slots[slot];
        int alike = (entry & ~ASIDE) - number_of(self, entry) == tag;
        if (!entry || (alike && at_slot(self, entry) == object))
            return slot;
        if (++slot == self->slot_count)
            slot = 0;
    }
}

/* No object is in the table twice: none has to be looked at. */
static inline void
put_back(Graph *self, const PyObject *object, uint32_t entry)
{
    size_t slot = slot_of(object, self->slot_count);
    while (self->slots[slot])
        if (++slot == self->slot_count)
            slot = 0;
    self->slots[slot] = entry | tag_of(self, object);
}

static int
rehash(Graph *self, size_t slot_count)
{
    free(self->slots);
    self->slots = calloc(slot_count, sizeof *self->slots);
    if (!self->slots)
        return -1;
    self->slot_count = slot_count;
    while (slot_count >> self->number_bits)
        self->number_bits++;
    for (size_t i = 0; i < self->count; i++) {
        if (i + AHEAD < self->count) {
            const PyObject *later = object_of(&self->nodes[i + AHEAD]);
            __builtin_prefetch(&self->slots[slot_of(later, slot_count)]);
        }
        put_back(self, object_of(&self->nodes[i]), (uint32_t)i + 1);
    }
    for (size_t i = 0; i < self->aside_count; i++)
        if (self->asides[i].object)
            put_back(self, self->asides[i].object, (uint32_t)i | ASIDE);
    return 0;
}

/* Grown by less than twice, for what is not needed is memory that the crawl's
   container may not have. `realloc` moves large blocks without copying them. */
static int
has_room(void **block, size_t *room, size_t needed, size_t each)
{
    if (needed <= *room)
        return 0;
    size_t larger = *room + *room / 4 + 1024;
    void *moved = realloc(*block, larger * each);
    if (!moved)
        return -1;
    *block = moved;
    *room = larger;
    return 0;
}

static int
has_slots(Graph *self)
{
    size_t used = self->count + self->aside_count;
    if (used * 6 <= self->slot_count * 5)
        return 0;
    return rehash(self, self->slot_count + self->slot_count / 3);
}

static int
insert(Graph *self, PyObject *object, uint32_t parent, size_t slot)
{
    uint64_t address = (uint64_t)(uintptr_t)object;
    if (self->count >= MOST_NODES || address >> 48 ||
        has_room((void **)&self->nodes, &self->room, self->count + 1, sizeof(Node)) < 0)
        return -1;
    self->nodes[self->count] =
        (Node){(uint32_t)address, (uint16_t)(address >> 32), parent, 0, 0};
    self->count++;
    self->slots[slot] = (uint32_t)self->count | tag_of(self, object);
    return has_slots(self);
}

static Py_ssize_t
top_level_length(PyObject *name)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(name);
    Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, length, 1);
    return dot < 0 ? length : dot;
}

/* Returns the beginning of a name, all of it too, with no reference to itself. */
static PyObject *
beginning_of(PyObject *name, Py_ssize_t length)
{
    return PyUnicode_FromKindAndData(PyUnicode_KIND(name), PyUnicode_DATA(name), length);
}

/* Returns the number of the owner whose module defines a class, -1 where none does:
   of what is no class, and of a class that a function has made. */
static int32_t
home_of(Graph *self, PyObject *object)
{
    PyTypeObject *type = (PyTypeObject *)object;
    if (!PyType_Check(object) || !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ||
        !type->tp_dict || !self->home_count)
        return -1;
    PyObject *name = PyDict_GetItemWithError(type->tp_dict, self->module_key);
    PyObject *within = ((PyHeapTypeObject *)type)->ht_qualname;
    if (!name || !PyUnicode_CheckExact(name) || !within ||
        PyUnicode_Find(within, self->locals_text, 0, PY_SSIZE_T_MAX, 1) >= 0) {
        PyErr_Clear();
        return -1;
    }
    PyObject *number = PyDict_GetItemWithError(self->homes, name);
    PyObject *package = number ? NULL : beginning_of(name, top_level_length(name));
    if (package)
        number = PyDict_GetItemWithError(self->homes, package);
    Py_XDECREF(package);
    long home = number ? PyLong_AsLong(number) : -1;
    PyErr_Clear();
    return home >= 0 && (size_t)home < self->home_count ? (int32_t)home : -1;
}

static int
set_aside(Graph *self, PyObject *object, uint32_t parent, size_t slot)
{
    if (has_room((void **)&self->asides, &self->aside_room, self->aside_count + 1,
                 sizeof(Aside)) < 0)
        return -1;
    int32_t home = home_of(self, object);
    self->asides[self->aside_count] = (Aside){object, parent, 0, home};
    self->slots[slot] = (uint32_t)self->aside_count | ASIDE | tag_of(self, object);
    self->aside_count++;
    if (home >= 0) {
        self->asides[self->aside_count - 1].next = self->heads[home];
        self->heads[home] = (uint32_t)self->aside_count;
    }
    return has_slots(self);
}

/* ---- kinds of objects ---------------------------------------------------------- */

static Kind *
kind_at(Kind *kinds, size_t kind_slots, const PyTypeObject *type)
{
    size_t slot = slot_of(type, kind_slots);
    while (kinds[slot].type && kinds[slot].type != type)
        if (++slot == kind_slots)
            slot = 0;
    return &kinds[slot];
}

/* Returns what a descriptor calls, NULL where it calls no function of C's. */
static PyCFunction
in_c(PyObject *measure)
{
    if (!Py_IS_TYPE(measure, &PyMethodDescr_Type))
        return NULL;
    PyMethodDef *method = ((PyMethodDescrObject *)measure)->d_method;
    return method->ml_flags & METH_NOARGS ? method->ml_meth : NULL;
}

/* Tells whether classes of a module are to be asked about in any case. */
static int
is_asked(Graph *self, PyObject *module)
{
    if (!module || !PyUnicode_CheckExact(module))
        return 1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->asked); i++) {
        PyObject *package = PyTuple_GET_ITEM(self->asked, i);
        if (PyUnicode_Tailmatch(module, package, 0, PY_SSIZE_T_MAX, -1))
            return 1;
    }
    return 0;
}

/* Tells whether a class was written in Python on nothing but `object`, which then
   measures its instances. The rule says so, too, but to ask it takes a reference to
   each class, and so a page of the crawl's. */
static int
is_plain(Graph *self, PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    if (!mro || !PyTuple_CheckExact(mro))
        return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (base == &PyBaseObject_Type)
            continue;
        /* A heap type of an extension has no code of Python's in its place. */
        if (!PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE) || !base->tp_dict ||
            !((PyHeapTypeObject *)base)->ht_cached_keys ||
            PyDict_Contains(base->tp_dict, self->sizeof_key) ||
            is_asked(self, PyDict_GetItemWithError(base->tp_dict, self->module_key)))
            return 0;
    }
    return 1;
}

/* Asks the rule how to treat a type that was not met before: what measures
   its instances, as a descriptor of the C level, and its mode. */
static int
ask_rule(Graph *self, Kind *kind, PyTypeObject *type)
{
    PyObject *told = PyObject_CallOneArg(self->rule, (PyObject *)type);
    if (!told)
        return -1;
    PyObject *measure;
    int parsed = PyArg_ParseTuple(told, "iO", &kind->mode, &measure);
    if (parsed)
        kind->measure = in_c(measure);
    Py_DECREF(told);
    return parsed ? 0 : -1;
}

/* What lets go of the instances of all classes that a class statement made. */
static destructor of_statement;

/* Finds out whether instances may keep blocks of malloc's, and in which part. Those
   that are measured in another way have theirs first, and what is not to be told of
   other objects comes last. */
static int
learn_keeping(Graph *self, Kind *kind, PyTypeObject *type)
{
    PyTypeObject *body = type;
    while (body && body->tp_dealloc == of_statement)
        body = body->tp_base;
    kind->body = body;
    if (!body || body == &PyBaseObject_Type)
        return 0;
    if (kind->mode == OPAQUE || kind->mode == TREE) {
        kind->keeps = KNOWN_BLOCKS;
        return 0;
    }
    Kind asked = {.mode = kind->mode};
    if (body != type && ask_rule(self, &asked, body) < 0)
        return -1;
    if (asked.mode == EXTENSION)
        kind->keeps = BLOCKS;
    else if (strchr(body->tp_name, '.')) /* else it is of Python's core */
        kind->keeps = OTHER_BLOCKS;
    return 0;
}

static int
learn(Graph *self, Kind *kind, PyTypeObject *type)
{
    *kind = (Kind){.type = type, .measure = self->object_sizeof};
    if (!is_plain(self, type) &&
        (ask_rule(self, kind, type) < 0 || learn_keeping(self, kind, type) < 0))
        return -1;
    unsigned long flags = PyType_GetFlags(type);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->wanted); i++)
        kind->wanted |= PyTuple_GET_ITEM(self->wanted, i) == (PyObject *)type;
    if (kind->measure == self->object_sizeof && !(flags & INLINE_VALUES))
        kind->measure = NULL; /* `units_of` does the same sum in no time */
    kind->header = flags & Py_TPFLAGS_HAVE_GC ? GC_HEAD : 0;
#if PY_VERSION_HEX >= 0x030C0000
    kind->header += flags & PRE_HEADER ? 16 : 0;
#elif PY_VERSION_HEX >= 0x030B0000
    kind->header += flags & MANAGED_DICT ? 16 : 0;
#endif
    return 0;
}

static Kind *
kind_of(Graph *self, PyTypeObject *type)
{
    Kind *kind = kind_at(self->kinds, self->kind_slots, type);
    if (kind->type)
        return kind;
    if (self->kind_count * 2 > self->kind_slots) {
        size_t more = self->kind_slots * 2;
        Kind *larger = calloc(more, sizeof(Kind));
        if (!larger)
            return NULL;
        for (size_t i = 0; i < self->kind_slots; i++)
            if (self->kinds[i].type)
                *kind_at(larger, more, self->kinds[i].type) = self->kinds[i];
        free(self->kinds);
        self->kinds = larger;
        self->kind_slots = more;
        kind = kind_at(larger, more, type);
    }
    if (learn(self, kind, type) < 0) {
        kind->type = NULL;
        return NULL;
    }
    self->kind_count++;
    return kind;
}

/* Attributes that no `__dict__` was made for are in a block of their own on Python
   3.11 and 3.12. The byte before it tells how far it begins before that, which is
   the number of attributes that it has room for, rounded up; the keys that the
   class has cached tell it exactly unless they became more since
   (Objects/dictobject.c). */
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030D0000
static size_t
values_size(const Kind *kind, PyObject *object)
{
    if (!PyType_HasFeature(kind->type, MANAGED_DICT))
        return 0;
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t values = ((uintptr_t *)object)[-3];
    values = values & 1 ? values + 1 : 0;
#else
    uintptr_t values = ((uintptr_t *)object)[-4];
#endif
    if (!values)
        return 0;
    size_t prefix = ((uint8_t *)values)[-1];
    size_t room = prefix > 2 ? prefix - 2 : 0;
    const size_t *keys = (size_t *)((PyHeapTypeObject *)kind->type)->ht_cached_keys;
    if (keys && (keys[2] + keys[3] + 2 + 7) / 8 * 8 == prefix)
        room = keys[2] + keys[3]; /* dk_usable, dk_nentries */
    return prefix + 8 * room;
}
#else
#define values_size(kind, object) 0
#endif

/* From Python 3.13 on they are at the end of the object, uncounted. */
static inline size_t
inline_size(const Kind *kind, PyObject *object)
{
#if PY_VERSION_HEX >= 0x030D0000
    if (!PyType_HasFeature(kind->type, INLINE_VALUES))
        return 0;
    size_t capacity = ((uint8_t *)object)[sizeof(PyObject)];
    return (capacity + 7) / 8 * 8 + (capacity + 1) * 8;
#else
    (void)kind;
    (void)object;
    return 0;
#endif
}

static inline uint64_t
in_units(uint64_t size)
{
    return (size + UNIT - 1) / UNIT;
}

/* Returns the size of the part of an object that a type describes. */
static inline Py_ssize_t
struct_size(const PyTypeObject *type, PyObject *object)
{
    Py_ssize_t size = type->tp_basicsize;
    if (type->tp_itemsize) {
        Py_ssize_t items = Py_SIZE(object);
        size += type->tp_itemsize * (items < 0 ? -items : items);
    }
    return size;
}

static uint32_t
units_of(const Kind *kind, PyObject *object)
{
    Py_ssize_t size = -1;
    if (kind->measure) {
        PyObject *measured = kind->measure(object, NULL);
        if (measured) {
            size = PyLong_AsSsize_t(measured);
            Py_DECREF(measured);
        }
        if (PyErr_Occurred()) {
            PyErr_Clear();
            size = -1;
        }
    }
    if (size < 0)
        size = struct_size(kind->type, object);
    size += kind->header + (Py_ssize_t)inline_size(kind, object);
    uint64_t units = in_units((uint64_t)size) + in_units(values_size(kind, object));
    return units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

static void
add_units(Node *node, uint64_t units)
{
    uint64_t sum = (uint64_t)node->units + units;
    node->units = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

/* ---- the walk ---------------------------------------------------------------------- */

static int
reach(Graph *self, PyObject *target, uint32_t parent)
{
    size_t slot = lookup(self, target);
    uint32_t entry = self->slots[slot];
    if (entry && !(entry & ASIDE)) {
        uint32_t index = node_of(self, entry);
        Node *node = &self->nodes[index];
        if (index < self->begin && node->parent != NONE)
            node->mark = 1; /* another owner's, too */
        return 0;
    }
    PyTypeObject *type = Py_TYPE(target);
    int is_type = PyType_Check(target) || PyModule_Check(target);
    if (entry) { /* set aside before: an owner that stays may have it */
        if (is_type || self->passing)
            return 0;
        self->asides[number_of(self, entry)].object = NULL;
    }
    else {
        int aside = is_type;
        if (!aside && self->passing) {
            Kind *kind = kind_of(self, type);
            if (!kind) {
                self->failed = 1;
                return 1;
            }
            aside = kind->mode == SET_ASIDE;
        }
        if (aside) {
            if (set_aside(self, target, parent, slot) < 0) {
                PyErr_NoMemory();
                self->failed = 1;
                return 1;
            }
            return 0;
        }
    }
    if (insert(self, target, parent, slot) < 0) {
        PyErr_NoMemory();
        self->failed = 1;
        return 1;
    }
    return 0;
}

/* The tables and the objects lie all over the memory, and to wait for it is most of
   the walk: so all of a batch is fetched before the first of it is needed. */
static void
fetch_batch(const Graph *self)
{
    for (size_t i = 0; i < self->batched; i++) {
        const PyObject *object = self->batch[i].object;
        uint32_t entry = self->slots[slot_of(object, self->slot_count)];
        if (!entry)
            __builtin_prefetch(object);
        else if (!(entry & ASIDE))
            __builtin_prefetch(&self->nodes[node_of(self, entry)]);
    }
}

static inline size_t
add_to_batch(Graph *self, PyObject *object, uint32_t parent)
{
    self->batch[self->batched++] = (Pending){object, parent};
    __builtin_prefetch(&self->slots[slot_of(object, self->slot_count)]);
    return self->batched;
}

static int
reach_batch(Graph *self)
{
    fetch_batch(self);
    for (size_t i = 0; i < self->batched; i++)
        if (reach(self, self->batch[i].object, self->batch[i].parent))
            break;
    self->batched = 0;
    return self->failed;
}

/* Traversing is no thing of the interpreter's alone: an extension may hand over
   what is not there. */
static int
visit(PyObject *target, void *arg)
{
    Graph *self = arg;
    if (!target || target == Py_None)
        return 0; /* everybody's, and in no heap */
    return add_to_batch(self, target, self->current) == BATCH ? reach_batch(self) : 0;
}

static inline int
is_traversed(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type->tp_traverse && PyType_HasFeature(type, Py_TPFLAGS_HAVE_GC) &&
           (!type->tp_is_gc || type->tp_is_gc(object));
}

static int
is_one_more(PyObject *Py_UNUSED(target), void *arg)
{
    size_t *left = arg;
    return (*left)-- == 0;
}

/* A dict that has only strings for keys does not show them: they can't be parts
   of a cycle. Any other shows each entry's key and its value. */
static int
hides_keys(PyObject *dict)
{
    PyObject *key;
    Py_ssize_t place = 0;
    if (!PyDict_Next(dict, &place, &key, NULL) || !PyUnicode_CheckExact(key))
        return 0;
    size_t left = (size_t)((PyDictObject *)dict)->ma_used;
    return !PyDict_Type.tp_traverse(dict, is_one_more, &left);
}

/* Python 3.13 shows the `__dict__` of an object with attributes at its end only
   from 3.13.3 on. */
#if PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000
typedef struct {
    visitproc visitor;
    void *arg;
    PyObject *dict;
} Awaited;

static int
visit_awaiting(PyObject *target, void *arg)
{
    Awaited *awaited = arg;
    if (target == awaited->dict)
        awaited->dict = NULL;
    return awaited->visitor(target, awaited->arg);
}

static int
show(PyObject *object, visitproc visitor, void *arg)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject *dict = NULL;
    if (PyType_HasFeature(type, INLINE_VALUES))
        dict = ((PyObject **)object)[-3];
    if (!dict)
        return type->tp_traverse(object, visitor, arg);
    Awaited awaited = {visitor, arg, dict};
    int stopped = type->tp_traverse(object, visit_awaiting, &awaited);
    return !stopped && awaited.dict ? visitor(dict, arg) : stopped;
}
#else
static inline int
show(PyObject *object, visitproc visitor, void *arg)
{
    return Py_TYPE(object)->tp_traverse(object, visitor, arg);
}
#endif

static int
traverse(PyObject *object, visitproc visitor, void *arg)
{
    if (!is_traversed(object))
        return 0;
    int stopped = show(object, visitor, arg);
    if (stopped || !IS_DICT(object) || !hides_keys(object))
        return stopped;
    PyObject *key;
    Py_ssize_t place = 0;
    while (!stopped && PyDict_Next(object, &place, &key, NULL))
        stopped = visitor(key, arg);
    return stopped;
}

static int
append(uint32_t **numbers, size_t *count, size_t *room, uint32_t number)
{
    if (has_room((void **)numbers, room, *count + 1, sizeof(uint32_t)) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    (*numbers)[(*count)++] = number;
    return 0;
}

static int
process(Graph *self, uint32_t index, visitproc visitor)
{
    PyObject *object = object_of(&self->nodes[index]);
    Kind *kind = kind_of(self, Py_TYPE(object));
    if (!kind)
        return -1;
    Kind known = *kind; /* the table may move while its parts are visited */
    self->current = index;
    if (index + AHEAD < self->count)
        __builtin_prefetch(object_of(&self->nodes[index + AHEAD]));
    traverse(object, visitor, self);
    if (self->failed)
        return -1;
    add_units(&self->nodes[index], units_of(&known, object));
    if (known.wanted &&
        append(&self->found, &self->found_count, &self->found_room, index) < 0)
        return -1;
    if (known.keeps == BLOCKS &&
        append(&self->keepers, &self->keeper_count, &self->keeper_room, index) < 0)
        return -1;
    if (known.keeps > BLOCKS &&
        append(&self->others, &self->other_count, &self->other_room, index) < 0)
        return -1;
    if (known.mode == OPAQUE)
        return append(&self->opaque, &self->opaque_count, &self->opaque_room, index);
    if (known.mode == TREE)
        add_units(&self->nodes[index], in_units(tree_bytes_of(&self->trees, object)));
    return 0;
}

static PyObject *
Graph_run(Graph *self, PyObject *args)
{
    PyObject *roots;
    int passing;
    double until;
    Py_ssize_t own = PY_SSIZE_T_MAX;
    if (!PyArg_ParseTuple(args, "O!pd|n", &PyList_Type, &roots, &passing, &until, &own))
        return NULL;
    size_t begin = self->count;
    self->begin = own >= 0 && (size_t)own < begin ? (uint32_t)own : (uint32_t)begin;
    self->passing = passing;
    self->failed = 0;
    self->batched = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(roots); i++) {
        size_t index = PyLong_AsSize_t(PyList_GET_ITEM(roots, i));
        if (PyErr_Occurred())
            return NULL;
        if (index >= begin) {
            PyErr_SetString(PyExc_IndexError, "no such object");
            return NULL;
        }
        if (process(self, (uint32_t)index, visit) < 0)
            return NULL;
    }
    for (size_t i = begin;; i++) {
        if (i >= self->count && reach_batch(self))
            return NULL;
        if (i >= self->count)
            break;
        if (i % CHECK_EVERY == 0 && now() > until) {
            self->partial = 1;
            break;
        }
        if (process(self, (uint32_t)i, visit) < 0)
            return NULL;
    }
    return Py_BuildValue("nn", (Py_ssize_t)begin, (Py_ssize_t)self->count);
}

/* Adds an object unless it is known; what was set aside is not. */
static int
enter(Graph *self, PyObject *object, uint32_t parent)
{
    size_t slot = lookup(self, object);
    uint32_t entry = self->slots[slot];
    if (entry && !(entry & ASIDE))
        return 0;
    if (entry)
        self->asides[number_of(self, entry)].object = NULL;
    return insert(self, object, parent, slot);
}

static PyObject *
Graph_enter(Graph *self, PyObject *args)
{
    PyObject *object;
    long long parent = -1;
    if (!PyArg_ParseTuple(args, "O|L", &object, &parent))
        return NULL;
    size_t index = self->count;
    if (enter(self, object, parent < 0 ? NONE : (uint32_t)parent) < 0)
        return PyErr_NoMemory();
    return PyLong_FromSsize_t(index < self->count ? (Py_ssize_t)index : -1);
}

/* To look at an object from Python writes to its page; a process has thousands of
   modules, each with its dict and its name. So these are read here. */
static int
add_module(PyObject *packages, PyObject *name, PyObject *module, PyObject *file_key)
{
    PyObject *own = PyModule_GetDict(module), *copied = NULL;
    PyObject *file = own ? PyDict_GetItemWithError(own, file_key) : NULL;
    PyObject *package = beginning_of(name, top_level_length(name));
    PyObject *copy = beginning_of(name, PyUnicode_GET_LENGTH(name));
    if (file && PyUnicode_CheckExact(file))
        copied = beginning_of(file, PyUnicode_GET_LENGTH(file));
    PyObject *names = package ? PyDict_GetItemWithError(packages, package) : NULL;
    if (package && !names && (names = PyDict_New())) {
        if (PyDict_SetItem(packages, package, names) < 0)
            names = NULL;
        else
            Py_DECREF(names);
    }
    int failed = !names || !copy ||
                 PyDict_SetItem(names, copy, copied ? copied : Py_None) < 0;
    Py_XDECREF(package);
    Py_XDECREF(copy);
    Py_XDECREF(copied);
    return PyErr_Occurred() || failed ? -1 : 0;
}

static PyObject *
packages(PyObject *Py_UNUSED(module), PyObject *modules)
{
    if (!PyDict_CheckExact(modules)) {
        PyErr_SetString(PyExc_TypeError, "not a table of modules");
        return NULL;
    }
    PyObject *file_key = PyUnicode_FromString("__file__");
    PyObject *found = file_key ? PyDict_New() : NULL, *name, *module;
    Py_ssize_t place = 0;
    while (found && PyDict_Next(modules, &place, &name, &module))
        if (PyUnicode_CheckExact(name) && PyModule_Check(module) &&
            add_module(found, name, module, file_key) < 0)
            Py_CLEAR(found);
    Py_XDECREF(file_key);
    return found;
}

static PyObject *
Graph_enter_package(Graph *self, PyObject *args)
{
    PyObject *modules, *package, *name, *module;
    if (!PyArg_ParseTuple(args, "O!U", &PyDict_Type, &modules, &package))
        return NULL;
    Py_ssize_t length = PyUnicode_GET_LENGTH(package), place = 0;
    size_t begin = self->count;
    while (PyDict_Next(modules, &place, &name, &module)) {
        if (!PyUnicode_CheckExact(name) || !PyModule_Check(module) ||
            top_level_length(name) != length ||
            PyUnicode_Tailmatch(name, package, 0, length, -1) != 1)
            continue;
        PyObject *own = PyModule_GetDict(module);
        if (enter(self, module, NONE) < 0 || (own && enter(self, own, NONE) < 0))
            return PyErr_NoMemory();
    }
    return Py_BuildValue("nn", (Py_ssize_t)begin, (Py_ssize_t)self->count);
}

static PyObject *
Graph_find(Graph *self, PyObject *object)
{
    uint32_t entry = self->slots[lookup(self, object)];
    if (!entry || entry & ASIDE)
        return PyLong_FromLong(-1);
    return PyLong_FromUnsignedLong(node_of(self, entry));
}

static PyObject *
Graph_asides(Graph *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *found = PyList_New(0);
    if (!found)
        return NULL;
    for (size_t i = self->aside_told; i < self->aside_count; i++) {
        Aside *aside = &self->asides[i];
        if (!aside->object || aside->home >= 0)
            continue;
        PyObject *pair = Py_BuildValue("Ok", aside->object, (unsigned long)aside->parent);
        if (!pair || PyList_Append(found, pair) < 0) {
            Py_XDECREF(pair);
            Py_DECREF(found);
            return NULL;
        }
        Py_DECREF(pair);
    }
    self->aside_told = self->aside_count;
    return found;
}

static PyObject *
Graph_classes(Graph *self, PyObject *args)
{
    Py_ssize_t home;
    if (!PyArg_ParseTuple(args, "n", &home))
        return NULL;
    if (home < 0 || (size_t)home >= self->home_count) {
        PyErr_SetString(PyExc_IndexError, "no such home");
        return NULL;
    }
    size_t begin = self->count;
    uint32_t latest = self->heads[home];
    self->heads[home] = 0;
    while (latest) {
        Aside *aside = &self->asides[latest - 1];
        latest = aside->next;
        PyObject *object = aside->object;
        if (!object)
            continue;
        size_t slot = lookup(self, object);
        aside->object = NULL;
        if (insert(self, object, NONE, slot) < 0)
            return PyErr_NoMemory();
    }
    return Py_BuildValue("nn", (Py_ssize_t)begin, (Py_ssize_t)self->count);
}

static PyObject *
Graph_opaque(Graph *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *found = PyList_New((Py_ssize_t)self->opaque_count);
    for (size_t i = 0; found && i < self->opaque_count; i++) {
        PyObject *index = PyLong_FromUnsignedLong(self->opaque[i]);
        if (!index) {
            Py_DECREF(found);
            return NULL;
        }
        PyList_SET_ITEM(found, (Py_ssize_t)i, index);
    }
    if (found)
        self->opaque_count = 0;
    return found;
}

/* ---- what was not reached ---------------------------------------------------------- */

typedef struct {
    uintptr_t next, previous;
} Links;

static inline Links *
after(const Links *links)
{
    return (Links *)(links->next & ~(uintptr_t)3);
}

/* Counts the references among the objects that no root reaches. */
static int
count_reference(PyObject *target, void *arg)
{
    Graph *self = arg;
    if (!target || target == Py_None)
        return 0;
    size_t slot = lookup(self, target);
    uint32_t entry = self->slots[slot];
    if (!entry) {
        if (insert(self, target, NONE, slot) < 0 ||
            has_room((void **)&self->refs, &self->refs_room,
                     self->count - self->unreached, sizeof(uint32_t)) < 0) {
            PyErr_NoMemory();
            self->failed = 1;
            return 1;
        }
        self->refs[self->count - 1 - self->unreached] = 1;
    }
    else if (!(entry & ASIDE) && node_of(self, entry) >= self->unreached) {
        self->refs[node_of(self, entry) - self->unreached]++;
    }
    return 0;
}

typedef struct {
    Graph *graph;
    uint32_t *stack;
    size_t count, room;
} Held;

static int
hold(PyObject *target, void *arg)
{
    Held *held = arg;
    Graph *self = held->graph;
    if (!target)
        return 0;
    uint32_t entry = self->slots[lookup(self, target)];
    if (!entry || entry & ASIDE)
        return 0;
    uint32_t index = node_of(self, entry);
    if (index < self->unreached || self->nodes[index].mark)
        return 0;
    if (has_room((void **)&held->stack, &held->room, held->count + 1,
                 sizeof(uint32_t)) < 0)
        return 1;
    self->nodes[index].mark = 1;
    held->stack[held->count++] = index;
    return 0;
}

static int
mark_held(Graph *self, uint32_t end)
{
    Held held = {.graph = self};
    int failed = 0;
    for (uint32_t i = self->unreached; i < end && !failed; i++) {
        PyObject *object = object_of(&self->nodes[i]);
        if (Py_REFCNT(object) > (Py_ssize_t)self->refs[i - self->unreached])
            failed = hold(object, &held);
    }
    while (held.count && !failed) {
        PyObject *object = object_of(&self->nodes[held.stack[--held.count]]);
        failed = traverse(object, hold, &held);
    }
    free(held.stack);
    if (failed)
        PyErr_NoMemory();
    return failed ? -1 : 0;
}

static int
enter_batch(Graph *self)
{
    fetch_batch(self);
    for (size_t i = 0; i < self->batched; i++) {
        size_t slot = lookup(self, self->batch[i].object);
        if (!self->slots[slot] && insert(self, self->batch[i].object, NONE, slot) < 0) {
            PyErr_NoMemory();
            return -1;
        }
    }
    self->batched = 0;
    return 0;
}

/* The collector's list is a ring, and one link in it is its head, in the
   interpreter's state beside that of the youngest generation: the link after
   the newest object. */
static int
enter_unreached(Graph *self, PyObject *old)
{
    PyObject *newest = PyList_New(0);
    if (!newest)
        return -1;
    uintptr_t head = (uintptr_t)after((Links *)newest - 1);
    Py_DECREF(newest);
    self->batched = 0;
    Links *first = (Links *)old - 1;
    for (Links *link = after(first); link && link != first; link = after(link)) {
        uintptr_t place = (uintptr_t)link;
        if (place + NEAR_HEAD > head && place < head + NEAR_HEAD)
            continue;
        size_t batched = add_to_batch(self, (PyObject *)(link + 1), NONE);
        if (batched == BATCH && enter_batch(self) < 0)
            return -1;
    }
    return enter_batch(self);
}

static PyObject *
Graph_unreached(Graph *self, PyObject *args)
{
    PyObject *old;
    double until;
    if (!PyArg_ParseTuple(args, "Od", &old, &until))
        return NULL;
    if (!PyObject_GC_IsTracked(old)) {
        PyErr_SetString(PyExc_ValueError, "the collector does not list this object");
        return NULL;
    }
    size_t begin = self->count;
    self->unreached = self->begin = (uint32_t)begin;
    self->failed = 0;
    if (enter_unreached(self, old) < 0)
        return NULL;
    size_t end = self->count;
    free(self->refs);
    self->refs_room = end - begin + 1024;
    self->refs = calloc(self->refs_room, sizeof(uint32_t));
    if (!self->refs)
        return PyErr_NoMemory();
    for (size_t i = begin; i < self->count; i++) {
        if (i % CHECK_EVERY == 0 && now() > until) {
            self->partial = 1;
            break;
        }
        if (process(self, (uint32_t)i, count_reference) < 0)
            return NULL;
    }
    int failed = mark_held(self, (uint32_t)end);
    free(self->refs);
    self->refs = NULL;
    self->refs_room = 0;
    if (failed)
        return NULL;
    return Py_BuildValue("nn", (Py_ssize_t)begin, (Py_ssize_t)self->count);
}

/* ---- outside Python ----------------------------------------------------------------- */

static int
is_known_object(void *graph, uintptr_t address)
{
    Graph *self = graph;
    return self->slots[lookup(self, (PyObject *)address)] != 0;
}

/* Follows an object if it is one of those that keep blocks so. */
static void
follow_object(Graph *self, Blocks *blocks, uint32_t index, enum keeps keeps, uint32_t of)
{
    PyObject *object = object_of(&self->nodes[index]);
    const Kind *kind = kind_at(self->kinds, self->kind_slots, Py_TYPE(object));
    if (kind->keeps != keeps)
        return;
    Py_ssize_t size = struct_size(kind->body, object);
    if (size > (Py_ssize_t)sizeof(PyObject) && size <= MOST_OF_BODY)
        follow_words(blocks, (uintptr_t)object + sizeof(PyObject),
                     (size_t)size - sizeof(PyObject), of);
}

static void
follow_others(Graph *self, Blocks *blocks, enum keeps keeps)
{
    for (size_t i = 0; i < self->other_count; i++)
        follow_object(self, blocks, self->others[i], keeps, NOBODY);
}

/* Adds the bytes of all blocks, each to those of whom it is nearest to. */
static int
follow_all(Graph *self, Blocks *blocks, uint64_t *bytes)
{
    follow_others(self, blocks, KNOWN_BLOCKS);
    blocks->waiting_count = 0; /* nobody else has those, or comes to others by them */
    for (size_t i = 0; i < self->keeper_count; i++)
        follow_object(self, blocks, self->keepers[i], BLOCKS, (uint32_t)i);
    int alone = 1;
    uint64_t sum = 0;
    for (int step = 0; blocks->owned && !blocks->failed; step++) {
        if (alone && step >= LATE && sum >= WORTH) {
            follow_globals(blocks);
            follow_others(self, blocks, OTHER_BLOCKS);
            alone = 0;
        }
        for (size_t left = blocks->waiting_count; left && !blocks->failed; left--) {
            uint32_t of;
            size_t size = follow_next(blocks, &of);
            if (of != NOBODY) {
                bytes[of] += size;
                sum += size;
            }
        }
    }
    return blocks->failed ? -1 : 0;
}

static PyObject *
Graph_keep(Graph *self, PyObject *args)
{
    double until;
    if (!PyArg_ParseTuple(args, "d", &until))
        return NULL;
    uint64_t *bytes = calloc(self->keeper_count + 1, sizeof *bytes);
    if (!bytes)
        return PyErr_NoMemory();
    uint64_t sum = 0;
    Blocks blocks;
    if (KNOWS_BLOCKS && blocks_init(&blocks, is_known_object, self, until) == 0 &&
        follow_all(self, &blocks, bytes) == 0)
        for (size_t i = 0; i < self->keeper_count; i++) {
            add_units(&self->nodes[self->keepers[i]], in_units(bytes[i]));
            sum += bytes[i];
        }
    if (KNOWS_BLOCKS)
        blocks_free(&blocks);
    free(bytes);
    return PyLong_FromUnsignedLongLong(sum);
}

/* ---- sums -------------------------------------------------------------------------- */

static int
range_of(Graph *self, PyObject *args, size_t *begin, size_t *end)
{
    Py_ssize_t from, to;
    if (!PyArg_ParseTuple(args, "nn", &from, &to))
        return -1;
    if (from < 0 || to < from || (size_t)to > self->count) {
        PyErr_SetString(PyExc_IndexError, "no such objects");
        return -1;
    }
    *begin = (size_t)from;
    *end = (size_t)to;
    return 0;
}

static PyObject *
Graph_totals(Graph *self, PyObject *args)
{
    size_t begin, end;
    if (range_of(self, args, &begin, &end) < 0)
        return NULL;
    uint64_t units = 0, marked = 0, marks = 0;
    for (size_t i = begin; i < end; i++) {
        Node *node = &self->nodes[i];
        units += node->units;
        if (node->mark) {
            marked += node->units;
            marks++;
        }
    }
    return Py_BuildValue("KKnn", units * UNIT, marked * UNIT, (Py_ssize_t)(end - begin),
                         (Py_ssize_t)marks);
}

static PyObject *
Graph_spread(Graph *self, PyObject *Py_UNUSED(ignored))
{
    size_t end = self->unreached ? self->unreached : self->count;
    for (size_t i = 0; i < end; i++) {
        Node *node = &self->nodes[i];
        if (!node->mark && node->parent != NONE && self->nodes[node->parent].mark)
            node->mark = 1;
    }
    Py_RETURN_NONE;
}

static PyObject *
Graph_settle(Graph *self, PyObject *Py_UNUSED(ignored))
{
    for (size_t i = self->count; i-- > 0;) {
        Node *node = &self->nodes[i];
        if (node->parent != NONE)
            add_units(&self->nodes[node->parent], node->units);
    }
    Py_RETURN_NONE;
}

static size_t
first_child(const Graph *self, size_t parent, size_t begin, size_t end)
{
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (self->nodes[middle].parent < parent)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static PyObject *
Graph_children(Graph *self, PyObject *args)
{
    Py_ssize_t index, from, to;
    if (!PyArg_ParseTuple(args, "nnn", &index, &from, &to))
        return NULL;
    if (index < 0 || from < 0 || to < from || (size_t)to > self->count) {
        PyErr_SetString(PyExc_IndexError, "no such objects");
        return NULL;
    }
    size_t begin = first_child(self, (size_t)index, (size_t)from, (size_t)to);
    size_t end = first_child(self, (size_t)index + 1, begin, (size_t)to);
    return Py_BuildValue("nn", (Py_ssize_t)begin, (Py_ssize_t)end);
}

static PyObject *
Graph_heavy(Graph *self, PyObject *args)
{
    Py_ssize_t from, to;
    unsigned long long least;
    if (!PyArg_ParseTuple(args, "nnK", &from, &to, &least))
        return NULL;
    PyObject *found = PyList_New(0);
    if (!found || from < 0 || to < from || (size_t)to > self->count)
        return found;
    for (size_t i = (size_t)from; i < (size_t)to; i++) {
        if ((uint64_t)self->nodes[i].units * UNIT < least)
            continue;
        PyObject *index = PyLong_FromSize_t(i);
        if (!index || PyList_Append(found, index) < 0) {
            Py_XDECREF(index);
            Py_DECREF(found);
            return NULL;
        }
        Py_DECREF(index);
    }
    return found;
}

static PyObject *
Graph_types(Graph *self, PyObject *args)
{
    Py_ssize_t from, to;
    int marked = -1;
    if (!PyArg_ParseTuple(args, "nn|i", &from, &to, &marked))
        return NULL;
    if (from < 0 || to < from || (size_t)to > self->count) {
        PyErr_SetString(PyExc_IndexError, "no such objects");
        return NULL;
    }
    for (size_t i = 0; i < self->kind_slots; i++)
        self->kinds[i].bytes = self->kinds[i].count = 0;
    for (size_t i = (size_t)from; i < (size_t)to; i++) {
        Node *node = &self->nodes[i];
        if (marked >= 0 && (int)node->mark != marked)
            continue;
        Kind *kind = kind_of(self, Py_TYPE(object_of(node)));
        if (!kind)
            return NULL;
        kind->bytes += (uint64_t)node->units * UNIT;
        kind->count++;
    }
    PyObject *found = PyList_New(0);
    for (size_t i = 0; found && i < self->kind_slots; i++) {
        Kind *kind = &self->kinds[i];
        if (!kind->count)
            continue;
        PyObject *row = Py_BuildValue("OKK", kind->type, kind->count, kind->bytes);
        if (!row || PyList_Append(found, row) < 0)
            Py_CLEAR(found);
        Py_XDECREF(row);
    }
    return found;
}

/* What objects over `size` bytes have, as blocks of a `malloc` that puts eight bytes
   before each and rounds up to 16: before `settle` alone. */
static PyObject *
Graph_larger(Graph *self, PyObject *args)
{
    unsigned long long size;
    if (!PyArg_ParseTuple(args, "K", &size))
        return NULL;
    uint64_t total = 0;
    for (size_t i = 0; i < self->count; i++)
        if ((uint64_t)self->nodes[i].units * UNIT > size)
            total += (uint64_t)(self->nodes[i].units + 1) * UNIT;
    return PyLong_FromUnsignedLongLong(total);
}

/* ---- clusters ------------------------------------------------------------------------ */

/* Instances are of one cluster where the way up from them is alike: the types on it,
   the keys in dicts of a few entries, the code of functions. The way ends at a root,
   at another of the instances, or at what `stop` is a base of. */

#define DEEPEST 48
#define FEW_KEYS 64
#define MEMO 8192
#define MOST_CLUSTERS 4096
#define BEYOND 8 /* steps past a stop in search of another instance */

enum end { AT_ROOT = 1, AT_INSTANCE, AT_STOP, TOO_DEEP };

typedef struct {
    uint64_t key;
    uint32_t depth, above, index;
} Way;

typedef struct {
    uint64_t key, units;
    uint32_t count, nested, taken, number;
} Cluster;

typedef struct {
    Graph *graph;
    PyTypeObject *stop;
    const uint32_t *found;
    size_t found_count;
    Way *memo;
    Cluster *clusters; /* by key, with room for twice as many */
    uint32_t cluster_count;
} Clustering;

static inline uint64_t
mix(uint64_t key, uint64_t part)
{
    key = (key ^ part) * 0x9E3779B97F4A7C15ull;
    return key ^ key >> 29;
}

static int
ascending(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
    return left < right ? -1 : left > right;
}

/* Returns the place of a node among the instances, or their number. */
static size_t
place_of(const Clustering *c, uint32_t index)
{
    const uint32_t *place =
        bsearch(&index, c->found, c->found_count, sizeof(uint32_t), ascending);
    return place ? (size_t)(place - c->found) : c->found_count;
}

static inline int
is_instance(const Clustering *c, uint32_t index, Kind *kind)
{
    return kind->wanted && place_of(c, index) < c->found_count;
}

static uint64_t
code_behind(PyObject *object)
{
    if (PyFunction_Check(object))
        return (uint64_t)(uintptr_t)PyFunction_GET_CODE(object);
    if (!PyGen_CheckExact(object) && !PyCoro_CheckExact(object) &&
        !PyAsyncGen_CheckExact(object))
        return 0;
#if PY_VERSION_HEX >= 0x030C0000
    PyCodeObject *code = PyGen_GetCode((PyGenObject *)object);
    Py_DECREF(code); /* the function that waits has it */
    return (uint64_t)(uintptr_t)code;
#else
    return (uint64_t)(uintptr_t)((PyGenObject *)object)->gi_code;
#endif
}

/* A key is told by its address, which is that of all equal names in the source. */
static uint64_t
key_of(PyObject *holder, PyObject *held)
{
    if (!PyDict_Check(holder) || ((PyDictObject *)holder)->ma_used > FEW_KEYS)
        return 0;
    PyObject *key, *value;
    Py_ssize_t place = 0;
    while (PyDict_Next(holder, &place, &key, &value))
        if (value == held)
            return PyUnicode_CheckExact(key) && PyUnicode_CHECK_INTERNED(key)
                       ? (uint64_t)(uintptr_t)key
                       : 0;
    return 0;
}

static uint64_t
own_part(uint64_t key, PyObject *object, int is_entry)
{
    key = mix(key, (uint64_t)(uintptr_t)Py_TYPE(object));
    key = mix(key, code_behind(object));
    /* Of these each is one of a kind: a module, its globals, a class. */
    if (is_entry && (PyType_Check(object) || PyModule_Check(object) || IS_DICT(object)))
        key = mix(key, (uint64_t)(uintptr_t)object);
    return key;
}

/* Looks a few steps further up for what the instance is a part of. */
static uint32_t
instance_beyond(const Clustering *c, uint32_t index)
{
    Graph *self = c->graph;
    for (int step = 0; step < BEYOND; step++) {
        index = self->nodes[index].parent;
        if (index == NONE)
            return NONE;
        Kind *kind = kind_of(self, Py_TYPE(object_of(&self->nodes[index])));
        if (!kind || is_instance(c, index, kind))
            return kind ? index : NONE;
    }
    return NONE;
}

static Way *
remembered(const Clustering *c, uint32_t index)
{
    return &c->memo[index * 0x9E3779B1u >> 19];
}

/* Fills in what is above a node, itself included. */
static int
way_from(const Clustering *c, uint32_t index, Way *way)
{
    Graph *self = c->graph;
    uint32_t path[DEEPEST];
    int depth = 0;
    *way = (Way){TOO_DEEP, DEEPEST, NONE, index};
    while (depth < DEEPEST) {
        Way *known = remembered(c, index);
        if (known->index == index) {
            *way = *known;
            break;
        }
        Node *node = &self->nodes[index];
        PyObject *object = object_of(node);
        Kind *kind = kind_of(self, Py_TYPE(object));
        if (!kind)
            return -1;
        if (is_instance(c, index, kind)) {
            *way = (Way){mix(AT_INSTANCE, (uint64_t)(uintptr_t)Py_TYPE(object)), 0, index, 0};
            break;
        }
        if (PyType_IsSubtype(Py_TYPE(object), c->stop)) {
            uint64_t key = mix(AT_STOP, (uint64_t)(uintptr_t)Py_TYPE(object));
            *way = (Way){key, 0, instance_beyond(c, index), 0};
            break;
        }
        if (node->parent == NONE) {
            *way = (Way){own_part(AT_ROOT, object, 1), 0, NONE, 0};
            break;
        }
        path[depth++] = index;
        index = node->parent;
    }
    while (depth-- > 0) {
        PyObject *held = object_of(&self->nodes[path[depth]]);
        PyObject *holder = object_of(&self->nodes[self->nodes[path[depth]].parent]);
        if (way->depth + 1 >= DEEPEST)
            way->key = TOO_DEEP, way->depth = DEEPEST;
        else {
            way->key = own_part(mix(way->key, key_of(holder, held)), held, 0);
            way->depth++;
        }
        way->index = path[depth];
        *remembered(c, path[depth]) = *way;
    }
    return 0;
}

static Cluster *
cluster_of(Clustering *c, uint64_t key)
{
    size_t slot = slot_of((void *)(uintptr_t)(key | 16), 2 * MOST_CLUSTERS);
    while (c->clusters[slot].count && c->clusters[slot].key != key)
        slot = (slot + 1) % (2 * MOST_CLUSTERS);
    Cluster *cluster = &c->clusters[slot];
    if (!cluster->count && c->cluster_count >= MOST_CLUSTERS - 1 && key)
        return cluster_of(c, 0); /* what there is no room for */
    if (!cluster->count)
        *cluster = (Cluster){.key = key, .number = c->cluster_count++};
    return cluster;
}

/* Notes of each instance its cluster, and takes its bytes from those of the instance
   that it is a part of. */
static int
assign(Clustering *c, uint32_t *slots, int64_t *units)
{
    Graph *self = c->graph;
    for (size_t i = 0; i < c->found_count; i++) {
        uint32_t index = c->found[i];
        Node *node = &self->nodes[index];
        PyObject *object = object_of(node);
        Way way = {own_part(AT_ROOT, object, 1), 0, NONE, 0};
        units[i] += node->units;
        if (node->parent != NONE) {
            if (way_from(c, node->parent, &way) < 0)
                return -1;
            PyObject *holder = object_of(&self->nodes[node->parent]);
            way.key = mix(way.key, key_of(holder, object));
        }
        Cluster *cluster = cluster_of(c, way.key | 1);
        cluster->count++;
        cluster->nested += way.above != NONE;
        slots[i] = (uint32_t)(cluster - c->clusters);
        if (way.above != NONE)
            units[place_of(c, way.above)] -= node->units;
    }
    for (size_t i = 0; i < c->found_count; i++)
        c->clusters[slots[i]].units += units[i] > 0 ? (uint64_t)units[i] : 0;
    return 0;
}

/* Returns the rows, each with as many numbers of its instances as `most` evenly. */
static PyObject *
rows_of(Clustering *c, const uint32_t *slots, uint32_t most)
{
    PyObject *rows = PyList_New(c->cluster_count);
    if (!rows)
        return NULL;
    for (size_t i = 0; i < 2 * MOST_CLUSTERS; i++) {
        Cluster *cluster = &c->clusters[i];
        if (!cluster->count)
            continue;
        PyObject *row =
            Py_BuildValue("(KKKN)", (unsigned long long)cluster->count,
                          (unsigned long long)cluster->nested,
                          (unsigned long long)cluster->units * UNIT, PyList_New(0));
        if (!row) {
            Py_DECREF(rows);
            return NULL;
        }
        PyList_SET_ITEM(rows, cluster->number, row);
        cluster->nested = 0; /* from here on: how many were passed */
    }
    for (size_t i = 0; i < c->found_count; i++) {
        Cluster *cluster = &c->clusters[slots[i]];
        uint64_t wanted = cluster->count < most ? cluster->count : most;
        uint64_t next = (uint64_t)cluster->taken * cluster->count / wanted;
        if (cluster->nested++ < next || cluster->taken >= wanted)
            continue;
        cluster->taken++;
        PyObject *row = PyList_GET_ITEM(rows, cluster->number);
        PyObject *number = PyLong_FromUnsignedLong(c->found[i]);
        if (!number || PyList_Append(PyTuple_GET_ITEM(row, 3), number) < 0) {
            Py_XDECREF(number);
            Py_DECREF(rows);
            return NULL;
        }
        Py_DECREF(number);
    }
    return rows;
}

static int
choose(Graph *self, PyObject *chosen)
{
    if (chosen == Py_None)
        return 0;
    self->found_count = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(chosen); i++) {
        size_t index = PyLong_AsSize_t(PyList_GET_ITEM(chosen, i));
        if (PyErr_Occurred())
            return -1;
        if (index >= self->count) {
            PyErr_SetString(PyExc_IndexError, "no such object");
            return -1;
        }
        if (append(&self->found, &self->found_count, &self->found_room,
                   (uint32_t)index) < 0)
            return -1;
    }
    return 0;
}

static PyObject *
Graph_clusters(Graph *self, PyObject *args)
{
    PyObject *stop, *chosen;
    unsigned int most;
    if (!PyArg_ParseTuple(args, "O!IO", &PyType_Type, &stop, &most, &chosen))
        return NULL;
    if ((chosen != Py_None && !PyList_Check(chosen)) || !most) {
        PyErr_SetString(PyExc_TypeError, "a list of numbers or None, and at least one");
        return NULL;
    }
    if (choose(self, chosen) < 0)
        return NULL;
    qsort(self->found, self->found_count, sizeof(uint32_t), ascending);
    Clustering c = {.graph = self, .stop = (PyTypeObject *)stop, .found = self->found};
    uint32_t limit = self->unreached ? self->unreached : (uint32_t)self->count;
    while (c.found_count < self->found_count && self->found[c.found_count] < limit)
        c.found_count++;
    c.memo = calloc(MEMO, sizeof(Way));
    c.clusters = calloc(2 * MOST_CLUSTERS, sizeof(Cluster));
    uint32_t *slots = calloc(c.found_count + 1, sizeof(uint32_t));
    int64_t *units = calloc(c.found_count + 1, sizeof(int64_t));
    PyObject *rows = NULL;
    if (!c.memo || !c.clusters || !slots || !units)
        PyErr_NoMemory();
    else {
        for (size_t i = 0; i < MEMO; i++)
            c.memo[i].index = NONE;
        if (!assign(&c, slots, units))
            rows = rows_of(&c, slots, most);
    }
    unsigned long long left[2] = {0, 0}; /* garbage, and what is held by unknown */
    for (size_t i = c.found_count; i < self->found_count; i++)
        left[self->nodes[self->found[i]].mark]++;
    free(c.memo);
    free(c.clusters);
    free(slots);
    free(units);
    return rows ? Py_BuildValue("(NKK)", rows, left[0], left[1]) : NULL;
}

/* ---- one object ---------------------------------------------------------------------- */

static Node *
node_at(Graph *self, PyObject *index)
{
    size_t place = PyLong_AsSize_t(index);
    if (PyErr_Occurred())
        return NULL;
    if (place >= self->count) {
        PyErr_SetString(PyExc_IndexError, "no such object");
        return NULL;
    }
    return &self->nodes[place];
}

static PyObject *
Graph_object(Graph *self, PyObject *index)
{
    Node *node = node_at(self, index);
    return node ? Py_NewRef(object_of(node)) : NULL;
}

static PyObject *
Graph_parent(Graph *self, PyObject *index)
{
    Node *node = node_at(self, index);
    if (!node)
        return NULL;
    return PyLong_FromLong(node->parent == NONE ? -1 : (long)node->parent);
}

static PyObject *
Graph_top(Graph *self, PyObject *index)
{
    Node *node = node_at(self, index);
    if (!node)
        return NULL;
    while (node->parent != NONE)
        node = &self->nodes[node->parent];
    return PyLong_FromSsize_t(node - self->nodes);
}

static PyObject *
Graph_bytes(Graph *self, PyObject *index)
{
    Node *node = node_at(self, index);
    return node ? PyLong_FromUnsignedLongLong((uint64_t)node->units * UNIT) : NULL;
}

static PyObject *
Graph_grow(Graph *self, PyObject *args)
{
    PyObject *index;
    unsigned long long bytes;
    if (!PyArg_ParseTuple(args, "OK", &index, &bytes))
        return NULL;
    Node *node = node_at(self, index);
    if (!node)
        return NULL;
    add_units(node, in_units(bytes));
    Py_RETURN_NONE;
}

static Py_ssize_t
Graph_length(Graph *self)
{
    return (Py_ssize_t)self->count;
}

static PyObject *
Graph_partial(Graph *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->partial);
}

static PyObject *
Graph_noted(Graph *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSize_t(self->found_count);
}

static PyObject *
Graph_tree_bytes(Graph *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(self->trees.bytes);
}

static PyObject *
Graph_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *rule, *homes = NULL, *asked = NULL, *wanted = NULL;
    static char *names[] = {"rule", "homes", "asked", "wanted", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O!O!O!", names, &rule,
                                     &PyDict_Type, &homes, &PyTuple_Type, &asked,
                                     &PyTuple_Type, &wanted))
        return NULL;
    Graph *self = (Graph *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->rule = Py_NewRef(rule);
    self->module_key = PyUnicode_InternFromString("__module__");
    self->sizeof_key = PyUnicode_InternFromString("__sizeof__");
    self->locals_text = PyUnicode_FromString("<locals>");
    self->homes = homes ? Py_NewRef(homes) : PyDict_New();
    self->asked = asked ? Py_NewRef(asked) : PyTuple_New(0);
    self->wanted = wanted ? Py_NewRef(wanted) : PyTuple_New(0);
    PyObject *measure = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__sizeof__");
    if (!self->module_key || !self->sizeof_key || !self->locals_text || !self->homes ||
        !self->asked || !self->wanted || !measure) {
        Py_XDECREF(measure);
        Py_DECREF(self);
        return NULL;
    }
    self->object_sizeof = in_c(measure);
    Py_DECREF(measure);
    PyObject *number;
    Py_ssize_t place = 0;
    while (PyDict_Next(self->homes, &place, NULL, &number)) {
        size_t home = PyLong_AsSize_t(number);
        if (PyErr_Occurred()) {
            Py_DECREF(self);
            return NULL;
        }
        if (home >= self->home_count)
            self->home_count = home + 1;
    }
    self->heads = calloc(self->home_count + 1, sizeof *self->heads);
    self->kind_slots = 1024;
    self->number_bits = 15;
    self->slot_count = 1 << 14;
    self->kinds = calloc(self->kind_slots, sizeof(Kind));
    self->slots = calloc(self->slot_count, sizeof(uint32_t));
    if (!self->kinds || !self->slots || !self->heads) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void
Graph_dealloc(Graph *self)
{
    Py_XDECREF(self->rule);
    Py_XDECREF(self->homes);
    Py_XDECREF(self->asked);
    Py_XDECREF(self->wanted);
    Py_XDECREF(self->module_key);
    Py_XDECREF(self->sizeof_key);
    Py_XDECREF(self->locals_text);
    free(self->heads);
    free(self->nodes);
    free(self->slots);
    free(self->kinds);
    free(self->asides);
    free(self->opaque);
    free(self->found);
    free(self->keepers);
    free(self->others);
    free(self->refs);
    tree_count_free(&self->trees);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef methods[] = {
    {"enter", (PyCFunction)Graph_enter, METH_VARARGS, NULL},
    {"enter_package", (PyCFunction)Graph_enter_package, METH_VARARGS, NULL},
    {"find", (PyCFunction)Graph_find, METH_O, NULL},
    {"run", (PyCFunction)Graph_run, METH_VARARGS, NULL},
    {"asides", (PyCFunction)Graph_asides, METH_NOARGS, NULL},
    {"classes", (PyCFunction)Graph_classes, METH_VARARGS, NULL},
    {"opaque", (PyCFunction)Graph_opaque, METH_NOARGS, NULL},
    {"unreached", (PyCFunction)Graph_unreached, METH_VARARGS, NULL},
    {"keep", (PyCFunction)Graph_keep, METH_VARARGS, NULL},
    {"totals", (PyCFunction)Graph_totals, METH_VARARGS, NULL},
    {"spread", (PyCFunction)Graph_spread, METH_NOARGS, NULL},
    {"settle", (PyCFunction)Graph_settle, METH_NOARGS, NULL},
    {"children", (PyCFunction)Graph_children, METH_VARARGS, NULL},
    {"heavy", (PyCFunction)Graph_heavy, METH_VARARGS, NULL},
    {"types", (PyCFunction)Graph_types, METH_VARARGS, NULL},
    {"larger", (PyCFunction)Graph_larger, METH_VARARGS, NULL},
    {"clusters", (PyCFunction)Graph_clusters, METH_VARARGS, NULL},
    {"object", (PyCFunction)Graph_object, METH_O, NULL},
    {"parent", (PyCFunction)Graph_parent, METH_O, NULL},
    {"top", (PyCFunction)Graph_top, METH_O, NULL},
    {"bytes", (PyCFunction)Graph_bytes, METH_O, NULL},
    {"grow", (PyCFunction)Graph_grow, METH_VARARGS, NULL},
    {0},
};

static PyGetSetDef attributes[] = {
    {"partial", (getter)Graph_partial, NULL, NULL, NULL},
    {"noted", (getter)Graph_noted, NULL, NULL, NULL},
    {"tree_bytes", (getter)Graph_tree_bytes, NULL, NULL, NULL},
    {0},
};

static PySequenceMethods as_sequence = {.sq_length = (lenfunc)Graph_length};

/* Not known to the collector: what it points to is borrowed. */
static PyTypeObject GraphType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "scrapy_leakwatch.heap._graph.Graph",
    .tp_basicsize = sizeof(Graph),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Graph_new,
    .tp_dealloc = (destructor)Graph_dealloc,
    .tp_methods = methods,
    .tp_getset = attributes,
    .tp_as_sequence = &as_sequence,
    .tp_doc = "The objects of this process, as scrapy_leakwatch.heap.twin.Graph.",
};

/* ---- threads ----------------------------------------------------------------------- */

#define MOST_THREADS 1024

#if PY_VERSION_HEX >= 0x030D0000
#define MARK_OF(state) ((state)->threading_local_sentinel)
#else
#define MARK_OF(state) ((PyObject *)NULL)
#endif

/* With the GIL no thread comes or goes, and each changes its own alone. */
static PyObject *
thread_states(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    struct { unsigned long ident; PyObject *data, *context, *mark; } seen[MOST_THREADS];
    PyThreadState *own = PyThreadState_Get();
    PyThreadState *state = PyInterpreterState_ThreadHead(own->interp);
    int count = 0;
    /* Nothing is allocated meanwhile: a collection may let a thread go on, and end. */
    for (; state && count < MOST_THREADS; state = PyThreadState_Next(state)) {
        if (state == own)
            continue;
        seen[count].ident = state->thread_id;
        seen[count].data = Py_NewRef(state->dict ? state->dict : Py_None);
        seen[count].context = Py_NewRef(state->context ? state->context : Py_None);
        seen[count].mark = Py_NewRef(MARK_OF(state) ? MARK_OF(state) : Py_None);
        count++;
    }
    PyObject *found = PyList_New(count);
    for (int at = 0; at < count; at++) {
        PyObject *row = found ? Py_BuildValue("kOOO", seen[at].ident, seen[at].data,
                                              seen[at].context, seen[at].mark) : NULL;
        Py_DECREF(seen[at].data);
        Py_DECREF(seen[at].context);
        Py_DECREF(seen[at].mark);
        if (!row)
            Py_CLEAR(found);
        else
            PyList_SET_ITEM(found, at, row);
    }
    return found;
}

static PyMethodDef functions[] = {
    {"packages", packages, METH_O, NULL},
    {"thread_states", thread_states, METH_NOARGS, NULL},
    {0},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_graph",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit__graph(void)
{
    if (PyType_Ready(&GraphType) < 0)
        return NULL;
    PyObject *made = PyObject_CallFunction((PyObject *)&PyType_Type, "s(){}", "Made");
    if (!made)
        return NULL;
    of_statement = ((PyTypeObject *)made)->tp_dealloc;
    Py_DECREF(made);
    PyObject *created = PyModule_Create(&module);
    if (!created)
        return NULL;
    if (PyModule_AddObjectRef(created, "Graph", (PyObject *)&GraphType) < 0) {
        Py_DECREF(created);
        return NULL;
    }
    return created;
}
