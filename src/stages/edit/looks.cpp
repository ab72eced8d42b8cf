#include "stages/edit/looks.h"

namespace ditto::stages::editing {

std::span<const Look> looks() {
  static const std::vector<Look> all = [] {
    std::vector<Look> out;
    for (const auto part : {drawn_looks(), printed_looks(), graded_looks(), light_looks(),
                            weather_looks(), grid_looks()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }();
  return all;
}

const Look* find_look(std::string_view name) {
  for (const Look& look : looks()) {
    if (look.name == name) return &look;
  }
  return nullptr;
}

}  // namespace ditto::stages::editing
