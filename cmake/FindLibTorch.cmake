# LibTorch as the Python wheel ships it: only torch_cpu and c10 are linked. Torch's own CMake package
# would pull in libtorch_cuda and its compiler; the CUDA part is loaded at start-up where a GPU is.
#   LibTorch::LibTorch   the target
#   LibTorch_ROOT        the directory that holds include/ and lib/ (or the variable DITTO_TORCH_DIR)
if(DEFINED ENV{DITTO_TORCH_DIR} AND NOT LibTorch_ROOT)
  set(LibTorch_ROOT $ENV{DITTO_TORCH_DIR})
endif()
if(NOT LibTorch_ROOT)
  file(GLOB _libtorch_wheel ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/torch)
  list(GET _libtorch_wheel 0 LibTorch_ROOT)
endif()
find_path(LibTorch_INCLUDE_DIR ATen/ATen.h PATHS ${LibTorch_ROOT}/include NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_CUDA_LIBRARY torch_cuda PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_CUDA_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup, or set DITTO_TORCH_DIR")
if(DITTO_REQUIRE_CUDA AND NOT LibTorch_CUDA_LIBRARY)
  message(FATAL_ERROR "the LibTorch in ${LibTorch_ROOT} has no CUDA part")
endif()
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    ${LibTorch_INCLUDE_DIR} ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(LibTorch::LibTorch INTERFACE
    -Wl,--as-needed ${LibTorch_CPU_LIBRARY} ${LibTorch_C10_LIBRARY})
  target_link_options(LibTorch::LibTorch INTERFACE -Wl,-rpath,${LibTorch_ROOT}/lib)
endif()
