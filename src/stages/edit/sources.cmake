set(SOURCES
  backdrops.cpp builtin_editor.cpp clean_plate.cpp colours.cpp drawn_objects.cpp fill.cpp filters.cpp grounding.cpp
  lexicon.cpp lexicon_environments.cpp lexicon_styles.cpp local_edits.cpp motion.cpp
  looks.cpp looks_drawn.cpp looks_printed.cpp looks_graded.cpp looks_light.cpp looks_weather.cpp looks_grid.cpp
  parser.cpp phrases.cpp placement.cpp program.cpp regions.cpp repertoire.cpp scenery.cpp segments.cpp user_objects.cpp)
