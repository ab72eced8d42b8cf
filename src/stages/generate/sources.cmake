set(SOURCES builtin_generator.cpp colour_map.cpp dense_flow.cpp edit_model.cpp key_flow.cpp pixel_features.cpp)
