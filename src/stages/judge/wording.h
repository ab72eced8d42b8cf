#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "ditto/stages/instruct.h"
#include "stages/judge/findings.h"

namespace ditto::stages::measure {

/// Checks the words of the instruction that say something measurable about the result: without
/// colour, sepia, darker or brighter, warmer or colder, or a named colour, of the picture or
/// of what is changed.
/// Frames are pairs of CV_8UC3 of one size. Nothing when the text has no such word, which is most
/// of what people ask for.
std::optional<Finding> check_wording(const Instruction& instruction,
                                     const std::vector<cv::Mat>& source,
                                     const std::vector<cv::Mat>& edited);

/// Whether the text asks for a picture of blocks, or for a soft one.
struct DetailWords {
  bool blocks = false;
  bool soft = false;
};
DetailWords detail_words(const std::string& text);

}  // namespace ditto::stages::measure
