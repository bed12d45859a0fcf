from scrapy_leakwatch.heap.twin import Graph as Graph
from scrapy_leakwatch.heap.twin import packages as packages
from scrapy_leakwatch.heap.twin import thread_states as thread_states
