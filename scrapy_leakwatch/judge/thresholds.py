"""What decides a verdict, in one place: each with its unit and where it came from.

Counts of objects are not here: they follow from the settings ``LEAKWATCH_MIN_OBJECTS``
and ``LEAKWATCH_MIN_SAMPLES`` (`judge.case.Case`). Where no measurement is named a value
is a judgement; with all of them the zoo's leaking crawls and their healthy twins are
told apart, which is the test to run after a change here.
"""

from __future__ import annotations

MEGA = 1_000_000

# ---- growth by number: responses, requests, classes that are counted ----------

MAJORITY = 0.5
"""Of what was examined: up to there what is held is a minority, and the dead most."""
OWN_SHARE = 0.8
"""Of the older instances: full collections count the whole process, and what grows in
it is proved of a crawl only where so many of them are its own."""
ENOUGH_EXAMINED = 8
"""Objects: of fewer nothing can be said of all."""
MOST_PER_1000_RESPONSES = 3000
"""Objects per 1,000 responses. Redirects and retries make some more than are received;
more than these are dead ones, of callbacks that end."""
KEPT = 0.8
"""Of one object for each response: where a crawl ends with so many, it is asked who has
them, however unsteadily they came."""
WARM_UP = 2
"""Samples besides those of growth: the first is left out, one begins the steps."""
FAILED_SHARE = 0.25
"""Of the looks at a crawl: where so many failed, what grew may not have been seen."""

# ---- growth by weight: the paths of memory bills -----------------------------

PATH_LEAST = 4 * MEGA
"""Bytes: less growth is worth no word."""
PATH_LEAST_ACROSS = 2 * MEGA
"""The same from crawl to crawl of a process, for what one crawl adds stays."""
PATH_SHARE = 0.15
"""Of the growth of the resident memory, to name one of the project's."""
PATH_SHARE_OF_LIBRARY = 0.5
"""The same for a framework's own, and for what was seen in two bills only."""
NEARLY_ALL = 0.8
"""Of the growth: beside it there is nothing else."""
PATH_STEPS = 2
"""Rises in a row that it takes."""
PATH_MUCH = 16 * MEGA
"""Bytes of growth: less takes more rises, for a batch comes and goes. And so much it
takes where only the first bill and that at close can be compared."""
PATH_MORE_STEPS = 3
"""Rises in a row below `PATH_MUCH`."""
PATH_RISE = 0.02
"""Of what was there: a smaller rise is none."""
PATH_OF_BOUND = 16
"""Bytes for each that a bound allows: a lighter container may have one of bytes."""
PATH_LEFT = 0.5
"""The part left of what was told at which a verdict is withdrawn."""
WAITERS_EACH = 3
"""Objects for each response that Scrapy waits for, at most: a Deferred and what it is
chained to. More waiters are somebody's own."""
UNNAMED_LEAST = 64 * MEGA
"""Bytes: memory that grew by so much and by `UNNAMED_SHARE` is not called healthy."""
UNNAMED_SHARE = 0.25
"""Of what there was at the first bill."""
UNNAMED_AGAIN = 2
"""Times as much: it is said again."""
UNNAMED_SOON_S = 3600.0
"""Seconds to the limit of memory: then it is said whatever it weighs."""

# ---- containers by length ----------------------------------------------------

HOARD_STEADY = 0.4
"""The weakest step over the mean: what fills up slows down before it is full."""
HOARD_SHARE_OF_LIBRARY = 0.5
"""The part of the growing memory from which on a framework's cache is blamed."""
HOARD_SMALL_ENTRY = 40
"""Bytes: no cache entry is smaller."""
HOARD_LEAST = 16 * 1024 * 1024
"""Bytes of growth of the memory in which a framework's cache may have a part."""

# ---- callbacks that do not end ------------------------------------------------

STALLED_SAMPLES = 10
"""In a row in which nothing moves before somebody looks what is awaited: 100 s by
default, and longer than the zoo's slow pipelines take."""
STALLED_LEAST_S = 1.0
"""Seconds, the same: with short intervals ten samples are no time."""
STALLED_PATIENCE_S = 240.0
"""Seconds from which on it is told though somebody is left who might wake them."""
STALLED_TIMES = 3.0
"""Times as long as any that ended: others go on, and these do not."""
STALLED_FEW = 10
"""Pages that must come to be in such callbacks while others end."""
# ---- resources that are taken again and again --------------------------------

RESOURCES_LEAST = 24
"""Of one kind more than there were: fewer are what a crawl is set up with."""
RESOURCES_STEPS = 2
"""Times as many steps as of objects: a pool may fill up evenly, and then it is full."""
RESOURCES_STEADY = 0.4
"""The weakest step over the mean, as of containers: a pool slows down as it fills."""
RESOURCES_CLAIMED = 0.5
"""Of those that were looked at: so many must be one component's, to name it."""
RESOURCES_NEAR = 0.8
"""Of the limit: from there on it is told how many there are, growing or not."""

# ---- requests that wait ------------------------------------------------------

BACKLOG_PATIENCE = 2
"""Times as many requests as are worth a word wait while responses rise with them."""
BACKLOG_PATIENCE_S = 60.0
"""Seconds, while start requests are read: a burst of them is over, a flood is not."""

# ---- memory as a whole, and its layers ---------------------------------------

MEMORY_LEAST = 32 * MEGA
"""Bytes of growth: less is noise."""
MEMORY_SHARE = 0.1
"""Of the memory at the start: less growth than this is noise in a large process."""
NEW_HIGH = 0.95
"""Of the peak: below it memory only comes back to where it was."""
BYTES_OF_A_BLOCK = 128
"""A block of Scrapy's objects takes 80, with all that goes with it."""
PYTHONS_OWN = 0.5
"""Of the growth: from there on it is Python's."""
BYTES_OF_A_TREE = MEGA
"""Outside Python, that a parsed page may take: rather too much."""
MEMORY_AGAIN = 2
"""Times as much not accounted for: the same is looked at again."""
KEPT_LEAST = 64 * MEGA
"""Bytes. glibc itself keeps up to 64 MB at the top of its heap."""
KEPT_RSS = 0.8
"""Of the peak of memory that has stayed, while `KEPT_OBJECTS` are left."""
KEPT_OBJECTS = 0.5
"""Of the peak of live objects."""
KEPT_BLOCKS = 0.75
"""Of the peak of Python's blocks. A new process has some 200,000 that never go away."""
KEPT_MANY = 1000
"""Objects at their peak: of fewer nothing follows."""
FREE_LEAST = 64 * MEGA
"""Bytes free in the allocators that are worth a word."""
FREE_SHARE = 0.25
"""Of the resident memory, the same."""
LAYERS_LEAST = 16 * MEGA
"""Bytes between two looks; less does not tell what grows."""
LAYERS_SHARE = 0.5
"""Of the growth: the layer that has at least this much of it is what grows."""

# ---- child processes ---------------------------------------------------------

CHILDREN_LEAST = 64 * MEGA
"""Bytes of growth: less is noise. A browser with 8 pages at a time came and went by
150 MB, all of whose pages were closed."""
CHILDREN_SHARE = 0.1
"""Of what they had at their most before: less growth is noise in large ones."""
CHILDREN_STEPS = 3
"""Times the steps of other growth: a pool or a browser starts up for some samples."""
CHILDREN_STEADY = 0.25
"""The weakest step over the mean: what starts up or fills up slows down."""
CHILDREN_MOSTLY = 0.5
"""Of their growth: a program that has so much of it is named."""
AT_LIMIT = 0.95
"""Of the limit of memory: a process that ended there had no room left."""

# ---- told, told again, withdrawn ---------------------------------------------

TOLD_AGAIN = 2
"""Times as many held: the same is said or asked again."""
ASKED_AGAIN = 1.5
"""The same, where somebody was found who holds some, and they were too few."""
LEAKS_SHARE = 0.3
"""Of what a path grew by: leaks that weigh so much may be what is in it."""
PRICE_ROOM = 1.15
"""Times what memory grew by: prices are estimates."""
RECOVERED_LEFT = 0.5
"""The part that may be left of what a verdict was about."""
RECOVERED_RATE = 0.1
"""The part of the rate that was told: what grows no faster stands still."""
RECOVERED_WITH_DEAD = 1.25
"""Times the floor: up to that what stands still may come and go."""

# ---- from run to run ---------------------------------------------------------

RATE_NOTICEABLE = 0.2
"""Of a rate: those of the same leak differ by some percent from run to run."""
OWNER_NOTICEABLE = 1e6
"""Bytes per 1,000 responses: less is what two runs of one crawl differ by."""
