// A precompiled header needs a source to be compiled beside.
