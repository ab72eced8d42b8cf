set(SOURCES answer_form.cpp pictures.cpp prompts.cpp vision_language.cpp)
