"""Files that are documents and no tables: workbooks, folders of pages, web archives, forums' exports."""
