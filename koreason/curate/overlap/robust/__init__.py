"""Items found although they were changed or translated: by runs of characters, and by what a translation keeps."""
