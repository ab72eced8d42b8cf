set(SOURCES
  builtin_instructor.cpp candidates.cpp instruction.cpp measure.cpp mix.cpp user_instructions.cpp
  wording.cpp)
