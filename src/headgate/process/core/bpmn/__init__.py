"""BPMN 2.0 of a process: a model of elements, where they stand, and the file."""
