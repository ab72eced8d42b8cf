set(SOURCES builtin_generator.cpp colour_map.cpp flow_positions.cpp edit_model.cpp key_alignment.cpp key_edit.cpp
  key_flow.cpp native_generator.cpp object_layers.cpp pixel_features.cpp)
