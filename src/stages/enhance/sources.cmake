set(SOURCES builtin_enhancer.cpp brightness_curve.cpp)
