set(SOURCES prompts.cpp vision_language.cpp)
