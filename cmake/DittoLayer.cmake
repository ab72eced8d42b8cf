# ditto_layer(NAME SOURCES a.cpp ... [DEPENDS layer ...] [LINK target ...] [PCH base|vision|torch])
# One static library `ditto_NAME` per layer. Only the layers named in DEPENDS are on the link line.
# Each kind of precompiled header is built once and shared by all targets that name it.
add_library(ditto_pch_base STATIC ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cpp)
target_precompile_headers(ditto_pch_base PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/base.h)
target_link_libraries(ditto_pch_base PUBLIC nlohmann_json::nlohmann_json spdlog::spdlog fmt::fmt Threads::Threads)

add_library(ditto_pch_vision STATIC ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cpp)
target_precompile_headers(ditto_pch_vision PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/vision.h)
target_link_libraries(ditto_pch_vision PUBLIC ditto_pch_base)
target_include_directories(ditto_pch_vision SYSTEM PUBLIC ${OpenCV_INCLUDE_DIRS})

add_library(ditto_pch_torch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cpp)
target_precompile_headers(ditto_pch_torch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/torch.h)
target_link_libraries(ditto_pch_torch PUBLIC nlohmann_json::nlohmann_json Threads::Threads LibTorch::LibTorch)

function(ditto_use_pch target kind)
  target_link_libraries(${target} PRIVATE ditto_pch_${kind})
  if(DITTO_TIDY)
    # clang-tidy can't read GCC's precompiled header: the same text, included.
    target_compile_options(${target} PRIVATE -include ${CMAKE_SOURCE_DIR}/cmake/pch/${kind}.h
      -Wno-deprecated-declarations)
  else()
    target_precompile_headers(${target} REUSE_FROM ditto_pch_${kind})
  endif()
endfunction()

function(ditto_layer name)
  cmake_parse_arguments(arg "" "PCH" "SOURCES;DEPENDS;LINK" ${ARGN})
  if(NOT arg_PCH)
    set(arg_PCH base)
  endif()
  add_library(ditto_${name} STATIC ${arg_SOURCES})
  target_include_directories(ditto_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM arg_DEPENDS PREPEND ditto_)
  target_link_libraries(ditto_${name} PUBLIC ${arg_DEPENDS} nlohmann_json::nlohmann_json
    PRIVATE ${arg_LINK} Threads::Threads)
  ditto_use_pch(ditto_${name} ${arg_PCH})
endfunction()

# ditto_test(LAYER SOURCES a_test.cpp ... [LINK target ...] [PCH kind]): one test program per layer.
function(ditto_test layer)
  cmake_parse_arguments(arg "" "PCH" "SOURCES;LINK" ${ARGN})
  if(NOT arg_PCH)
    set(arg_PCH base)
  endif()
  set(target ditto_${layer}_test)
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE ditto_${layer} ${arg_LINK} GTest::gtest_main)
  ditto_use_pch(${target} ${arg_PCH})
  # LibTorch's threads spin while they wait for each other: beside other tests that takes many times
  # what the work does. What is computed doesn't depend on how many there are.
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ENVIRONMENT OMP_NUM_THREADS=1)
endfunction()
