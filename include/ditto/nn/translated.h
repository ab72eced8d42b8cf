#pragma once

#include <c10/util/Exception.h>

#include <string>

#include "ditto/core/error.h"

namespace ditto::nn {

/// The function's result; LibTorch's exceptions become Error(kInput), or Error(kTransient) when a
/// device's memory is short, without the stack that their what() has.
template <typename Function>
auto translated(const std::string& where, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const c10::OutOfMemoryError& error) {
    throw Error(ErrorKind::kTransient, where + ": " + error.what_without_backtrace());
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kInput, where + ": " + error.what_without_backtrace());
  }
}

}  // namespace ditto::nn
