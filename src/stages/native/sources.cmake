set(SOURCES answer_form.cpp held_model.cpp pictures.cpp prompts.cpp vision_language.cpp)
