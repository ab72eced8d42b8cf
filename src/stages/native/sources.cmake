set(SOURCES pictures.cpp prompts.cpp vision_language.cpp)
