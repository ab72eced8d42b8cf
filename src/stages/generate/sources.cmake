set(SOURCES builtin_generator.cpp colour_map.cpp drawn_regions.cpp edit_model.cpp flow_positions.cpp generator.cpp
  key_alignment.cpp key_edit.cpp key_flow.cpp native_generator.cpp object_layers.cpp object_template.cpp object_track.cpp
  pixel_features.cpp screen_layers.cpp screen_waves.cpp)
