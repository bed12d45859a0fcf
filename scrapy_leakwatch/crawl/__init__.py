"""The crawl under watch: what is sampled, asked, said and written down, and when."""
