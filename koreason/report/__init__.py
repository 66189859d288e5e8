"""Stage report: one page that shows what was kept, learnt and scored."""
