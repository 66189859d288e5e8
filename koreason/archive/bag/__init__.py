"""A BagIt bag: its tag files, how it is written as a folder or a tar, and how one is read that may be anybody's."""
