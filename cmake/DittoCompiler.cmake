# Compiler settings shared by every target. Only the instruction set is a user's choice: the
# contraction of a*b+c is switched off so that two builds for different sets round alike.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One setting for libraries and programs alike, so that they can share precompiled headers.
add_compile_options(-fPIC)

option(DITTO_ASSERTIONS "Keep assert() in optimised builds" OFF)
option(DITTO_TIDY "Run clang-tidy with the compiler" OFF)
option(DITTO_REQUIRE_CUDA "Fail to configure when LibTorch has no CUDA part" OFF)
set(DITTO_SANITIZE "" CACHE STRING "Value for -fsanitize=")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Werror -ffp-contract=off)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND DITTO_MARCH)
  add_compile_options(-march=${DITTO_MARCH})
endif()
if(DITTO_SANITIZE)
  add_compile_options(-fsanitize=${DITTO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${DITTO_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns of std::regex's own members once its code is instrumented.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()
if(DITTO_ASSERTIONS)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(DITTO_MOLD mold)
if(DITTO_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(DITTO_CCACHE ccache)
if(DITTO_CCACHE)
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${DITTO_CCACHE})
endif()
if(DITTO_TIDY)
  find_program(DITTO_CLANG_TIDY NAMES clang-tidy-19 clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${DITTO_CLANG_TIDY} --quiet --warnings-as-errors=*)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()
