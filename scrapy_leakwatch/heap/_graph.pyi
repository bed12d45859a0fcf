from scrapy_leakwatch.heap.twin import Graph as Graph
from scrapy_leakwatch.heap.twin import packages as packages
