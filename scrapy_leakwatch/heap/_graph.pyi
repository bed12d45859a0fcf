from scrapy_leakwatch.heap.twin import Graph as Graph
