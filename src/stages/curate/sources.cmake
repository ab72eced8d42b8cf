set(SOURCES analyser.cpp cuts.cpp drop.cpp duplicates.cpp embedding.cpp frame.cpp join.cpp listing.cpp motion.cpp shots.cpp
  source.cpp windows.cpp)
