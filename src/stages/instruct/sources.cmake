set(SOURCES
  builtin_instructor.cpp candidates.cpp faces.cpp instruction.cpp measure.cpp mix.cpp
  native_instructor.cpp quality_control.cpp rounds.cpp words.cpp user_instructions.cpp wording.cpp)
set_source_files_properties(instruct/faces.cpp PROPERTIES
  COMPILE_DEFINITIONS "DITTO_HAARCASCADES=\"${DITTO_HAARCASCADES}\"")
