set(SOURCES
  builtin_instructor.cpp candidates.cpp instruction.cpp measure.cpp user_instructions.cpp wording.cpp)
