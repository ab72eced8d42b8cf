set(SOURCES
  block_transform.cpp
  blocking.cpp
  brightness_curve.cpp
  builtin_enhancer.cpp
  guided_filter.cpp
  source_motion.cpp
  temporal_filter.cpp)
