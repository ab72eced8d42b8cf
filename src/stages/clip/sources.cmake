set(SOURCES clip.cpp)
