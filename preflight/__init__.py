"""Says before an upload whether a document will get through."""
