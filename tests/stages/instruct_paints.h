#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

// The colours in which things of known content are drawn.
namespace ditto::stages::scenes {

struct Paint {
  cv::Vec3b rgb;
  std::vector<std::string> names;  ///< every name that somebody may give it
};

/// The first eleven are plain; the rest lie between two names.
inline const std::vector<Paint>& paints() {
  static const std::vector<Paint> all = {
      {{205, 28, 30}, {"red"}},
      {{30, 70, 205}, {"blue"}},
      {{35, 150, 55}, {"green"}},
      {{242, 205, 40}, {"yellow"}},
      {{128, 50, 172}, {"purple"}},
      {{242, 125, 20}, {"orange"}},
      {{240, 125, 172}, {"pink"}},
      {{25, 178, 195}, {"cyan"}},
      {{244, 244, 244}, {"white"}},
      {{12, 12, 14}, {"black"}},
      {{112, 70, 38}, {"brown"}},
      {{90, 20, 26}, {"red", "brown"}},
      {{225, 62, 18}, {"red", "orange"}},
      {{245, 170, 25}, {"orange", "yellow"}},
      {{175, 205, 40}, {"yellow", "green"}},
      {{40, 170, 130}, {"green", "cyan"}},
      {{40, 130, 210}, {"blue", "cyan"}},
      {{80, 60, 200}, {"blue", "purple"}},
      {{200, 50, 190}, {"purple", "pink"}},
      {{225, 60, 120}, {"pink", "red"}},
      {{205, 150, 120}, {"orange", "brown", "pink"}},
      {{150, 150, 152}, {"grey"}},
      {{60, 58, 62}, {"grey", "black"}},
  };
  return all;
}

}  // namespace ditto::stages::scenes
