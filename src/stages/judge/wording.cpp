#include "stages/judge/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <opencv2/imgproc.hpp>
#include <string_view>

namespace ditto::stages::measure {
namespace {

/// Lower case, everything but letters as one blank, a blank at both ends: whole words are found as
/// " word ".
std::string normalised(const std::string& text) {
  std::string words = " ";
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (words.back() != ' ') {
      words += ' ';
    }
  }
  return words.back() == ' ' ? words : words + " ";
}

bool says(const std::string& words, std::initializer_list<std::string_view> any) {
  return std::any_of(any.begin(), any.end(), [&](std::string_view word) {
    return words.find(fmt::format(" {} ", word)) != std::string::npos;
  });
}

/// A frame before and after the edit, and where that changes it visibly, CV_8UC1.
struct Pair {
  cv::Mat source, edited, changed;
};

std::vector<Pair> pairs_of(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited) {
  constexpr double kChanged = 15;  // levels, of the largest channel
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < source.size(); ++i) {
    cv::Mat difference, little;
    cv::absdiff(source[i], edited[i], difference);
    cv::inRange(difference, cv::Scalar::all(0), cv::Scalar::all(kChanged), little);
    pairs.push_back({source[i], edited[i], ~little});
  }
  return pairs;
}

/// Means, in levels of 255.
struct Look {
  double luma = 0;
  double chroma = 0;  ///< largest minus smallest channel
  double warmth = 0;  ///< red minus blue
};

/// `everywhere`: of the whole picture, not only of what is changed.
Look look_of(const std::vector<Pair>& pairs, cv::Mat Pair::* which, bool everywhere) {
  Look look;
  double count = 0;
  for (const Pair& pair : pairs) {
    const cv::Mat& frame = pair.*which;
    for (int y = 0; y < frame.rows; ++y) {
      const auto* row = frame.ptr<cv::Vec3b>(y);
      const auto* changed = pair.changed.ptr<uchar>(y);
      for (int x = 0; x < frame.cols; ++x) {
        if (!everywhere && changed[x] == 0) continue;
        const auto [low, high] = std::minmax({row[x][0], row[x][1], row[x][2]});
        look.luma += 0.299 * row[x][0] + 0.587 * row[x][1] + 0.114 * row[x][2];
        look.chroma += high - low;
        look.warmth += row[x][0] - row[x][2];
        ++count;
      }
    }
  }
  if (count == 0) return {};
  return {look.luma / count, look.chroma / count, look.warmth / count};
}

/// A colour word and the hues, in degrees, that people call by it; the ranges overlap.
struct ColourWord {
  std::string_view word;
  int from, to;  ///< from > to: through 0
};
constexpr ColourWord kColours[] = {
    {"red", 335, 22},     {"crimson", 330, 20},    {"orange", 10, 50}, {"golden", 25, 62},
    {"gold", 25, 62},     {"yellow", 38, 75},      {"green", 65, 172}, {"teal", 150, 205},
    {"cyan", 155, 208},   {"turquoise", 150, 205}, {"blue", 185, 265}, {"purple", 245, 325},
    {"violet", 245, 325}, {"magenta", 280, 345},   {"pink", 285, 360},
};

/// Share of the edit's changed pixels that have the colour: before and after.
struct ColourShare {
  double before = 0, after = 0;
};

bool has_hue(const cv::Vec3b& hsv, const ColourWord& colour) {
  constexpr int kLeastChroma = 25;
  if (hsv[1] * hsv[2] < kLeastChroma * 255) return false;
  const int hue = 2 * hsv[0];
  return colour.from <= colour.to ? hue >= colour.from && hue <= colour.to
                                  : hue >= colour.from || hue <= colour.to;
}

ColourShare share_of(const ColourWord& colour, const std::vector<Pair>& pairs) {
  double changed = 0;
  ColourShare share;
  for (const Pair& pair : pairs) {
    cv::Mat s, e;
    cv::cvtColor(pair.source, s, cv::COLOR_RGB2HSV);
    cv::cvtColor(pair.edited, e, cv::COLOR_RGB2HSV);
    for (int y = 0; y < s.rows; ++y) {
      for (int x = 0; x < s.cols; ++x) {
        if (pair.changed.at<uchar>(y, x) == 0) continue;
        ++changed;
        share.before += has_hue(s.at<cv::Vec3b>(y, x), colour) ? 1 : 0;
        share.after += has_hue(e.at<cv::Vec3b>(y, x), colour) ? 1 : 0;
      }
    }
  }
  if (changed > 0) {
    share.before /= changed;
    share.after /= changed;
  }
  return share;
}

/// "Show only the green vegetation in colour": the words say what stays, not what changes.
bool speaks_of_the_rest(const std::string& words) {
  return says(words, {"only", "just", "except", "but", "alone", "rest", "keep", "leave",
                      "everything else", "background", "surroundings"});
}

/// Whether the text asks for the whole picture to change. Any other text may be about a part of it,
/// which the words alone don't tell: then they are held against what is changed.
bool speaks_of_the_whole(const std::string& words) {
  const bool whole =
      says(words, {"it", "this", "whole", "everything", "all", "video", "clip", "film", "movie",
                   "footage", "picture", "image", "frame", "scene", "shot"});
  const bool part =
      says(words, {"half", "left", "right", "top", "bottom", "upper", "lower", "corner", "middle",
                   "centre", "center", "side", "sides", "edge", "edges", "foreground", "part"});
  return whole && !part && !speaks_of_the_rest(words);
}

std::optional<Finding> check_colour(const Instruction& instruction, const std::string& words,
                                    const std::vector<Pair>& pairs) {
  constexpr double kLeastShare = 0.15;
  if (instruction.task == Task::kLocalRemove || says(words, {"remove", "erase", "delete"}))
    return {};
  if (speaks_of_the_rest(words)) return {};
  const std::string target = normalised(instruction.target);
  std::optional<Finding> best;
  int mentioned = 0;
  bool names_the_target = false;
  for (const ColourWord& colour : kColours) {
    if (!says(words, {colour.word})) continue;
    ++mentioned;
    const ColourShare share = share_of(colour, pairs);
    // The colour may say what to change, not what to change it to.
    names_the_target =
        names_the_target || share.before > kLeastShare || says(target, {colour.word});
    Finding finding = exceeds(
        {"instruction", "wrong_edit", "wording"}, share.after, kLeastShare,
        fmt::format(
            "{:.0f} % of the changed area is {} as the text says (at least {:.0f} % wanted)",
            100 * share.after, colour.word, 100 * kLeastShare));
    if (!best || finding.severity < best->severity) best = std::move(finding);
  }
  if (best && best->severity > 1 && mentioned == 1 && names_the_target) return {};
  // "Teal and orange" is a palette, of which no single colour need be widespread.
  if (mentioned > 1 && is_global(instruction.task)) return {};
  return best;
}

}  // namespace

DetailWords detail_words(const std::string& text) {
  const std::string words = normalised(text);
  return {says(words, {"mosaic", "pixel", "pixels", "pixelated", "pixelate", "tile", "tiles",
                       "block", "blocks", "lego", "bricks", "bit", "voxel", "voxels"}),
          says(words, {"blur", "blurred", "blurry", "soft", "softer", "dreamy", "watercolor",
                       "watercolour", "fog", "foggy", "mist", "misty", "haze", "hazy", "underwater",
                       "smooth", "oil"})};
}

std::optional<Finding> check_wording(const Instruction& instruction,
                                     const std::vector<cv::Mat>& source,
                                     const std::vector<cv::Mat>& edited) {
  const std::string words = normalised(instruction.text);
  const std::vector<Pair> pairs = pairs_of(source, edited);
  const bool whole = is_global(instruction.task) && speaks_of_the_whole(words);
  const char* where = whole ? "the picture" : "what is changed";
  const Look before = look_of(pairs, &Pair::source, whole),
             after = look_of(pairs, &Pair::edited, whole);
  const bool negated = says(words, {"not", "without", "no", "less", "never"});
  if (negated) return {};
  if (says(words, {"black and white", "monochrome", "grayscale", "greyscale", "noir"})) {
    if (speaks_of_the_rest(words) || !is_global(instruction.task)) return {};
    const double limit = std::max(6.0, 0.35 * before.chroma);
    return at_most({"instruction", "wrong_edit", "wording"}, after.chroma, limit,
                   fmt::format("the text asks for no colour and the mean chroma of {} is {:.0f} "
                               "levels (at most {:.0f} wanted)",
                               where, after.chroma, limit));
  }
  if (says(words, {"sepia"})) {
    constexpr double kLeast = 8;
    return exceeds({"instruction", "wrong_edit", "wording"}, after.warmth, kLeast,
                   fmt::format("the text asks for sepia and red exceeds blue by {:.0f} levels in "
                               "{} (at least {:.0f} wanted)",
                               after.warmth, where, kLeast));
  }
  const bool dark =
      says(words, {"night", "nighttime", "midnight", "darker", "moonlit", "moonlight"}) &&
      !says(words, {"night vision", "starry night", "midnight blue"});
  const bool bright = says(words, {"brighter", "brighten", "lighter"});
  if (is_global(instruction.task) && dark != bright) {
    const double gain = after.luma - before.luma;
    const double limit = dark ? 0.1 * before.luma : 4.0;
    return exceeds(
        {"instruction", "wrong_edit", "wording"}, dark ? -gain : gain, limit,
        fmt::format("the text asks for {} and the mean luma of {} changes by {:+.0f} "
                    "levels (at least {:.0f} wanted)",
                    dark ? "darkness" : "brightness", where, gain, dark ? -limit : limit));
  }
  const bool warm = says(words, {"sunset", "sunrise", "golden hour", "autumn", "warm", "warmer"});
  const bool cold =
      says(words, {"cold", "colder", "cool", "cooler", "winter", "icy", "underwater"});
  if (is_global(instruction.task) && warm != cold) {
    constexpr double kLeast = 2;
    const double gain = after.warmth - before.warmth;
    return exceeds({"instruction", "wrong_edit", "wording"}, warm ? gain : -gain, kLeast,
                   fmt::format("the text asks for {} colours and red minus blue of {} changes by "
                               "{:+.0f} levels (at least {:.0f} wanted)",
                               warm ? "warmer" : "colder", where, gain, warm ? kLeast : -kLeast));
  }
  return check_colour(instruction, words, pairs);
}

}  // namespace ditto::stages::measure
