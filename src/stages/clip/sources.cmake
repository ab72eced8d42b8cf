set(SOURCES clip.cpp pictures.cpp)
