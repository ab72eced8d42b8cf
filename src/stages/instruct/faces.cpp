#include "stages/instruct/faces.h"

#include <cstdlib>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/stages/face_data.h"
#include "stages/edit/filters.h"

namespace ditto::stages {
namespace {

// Trained apart, so that they err on different things.
constexpr std::string_view kCascades[] = {"haarcascade_frontalface_alt2.xml",
                                          "haarcascade_frontalface_default.xml"};

bool can_be_read(const std::filesystem::path& file) {
  try {
    return cv::CascadeClassifier().load(file.string());
  } catch (const cv::Exception&) {
    return false;
  }
}

}  // namespace

FaceData read_face_data(const std::filesystem::path& folder) {
  FaceData data;
  data.folder = folder;
  std::string all;
  for (const std::string_view name : kCascades) {
    const std::filesystem::path file = folder / name;
    const auto text = read_file_if_exists(file);
    if (!text) {
      data.problem = printable(file) + " is not there";
    } else if (!can_be_read(file)) {
      data.problem = printable(file) + " is no cascade that OpenCV can read";
    }
    if (!data.problem.empty()) {
      data.cascades.clear();
      return data;
    }
    all += *text;
    data.cascades.push_back(file);
  }
  data.digest = sha256_hex(all);
  return data;
}

const FaceData& face_data() {
  static const FaceData data = [] {
    const char* own = std::getenv("DITTO_HAARCASCADES");
    return read_face_data(own != nullptr ? own : DITTO_HAARCASCADES);
  }();
  return data;
}

namespace instructing {
namespace {

using Detectors = std::vector<cv::CascadeClassifier>;

Detectors& detectors() {
  // A classifier keeps buffers between calls and is not to be shared by threads.
  thread_local Detectors all = [] {
    Detectors out;
    for (const auto& file : face_data().cascades) {
      out.emplace_back();
      out.back().load(file.string());
    }
    return out;
  }();
  return all;
}

double overlap(const cv::Rect& a, const cv::Rect& b) {
  const double both = (a & b).area();
  return both / (a.area() + b.area() - both);
}

// Leaves and grass make the detectors err most, and no face, real or drawn, is leaf-coloured.
bool is_leafy(const cv::Mat& rgb, const cv::Rect& box) {
  const cv::Rect inner(box.x + box.width / 4, box.y + box.height / 4, box.width / 2,
                       box.height / 2);
  const cv::Scalar mean = cv::mean(rgb(inner)) / 255.0;
  const auto c = editing::to_hsv(editing::Rgb(
      static_cast<float>(mean[0]), static_cast<float>(mean[1]), static_cast<float>(mean[2])));
  return c.s > 0.15F && c.h > 70 && c.h < 170;
}

bool is_same(const cv::Rect& before, const cv::Rect& now) {
  const double scale = static_cast<double>(now.width) / before.width;
  const double distance = cv::norm((before.tl() + before.br()) - (now.tl() + now.br())) / 2;
  return scale > 0.6 && scale < 1.7 && distance < before.width;
}

}  // namespace

std::vector<cv::Rect> faces_in(const cv::Mat& rgb) {
  constexpr double kLonger = 640;     // side to which larger frames are reduced
  constexpr double kSmallest = 0.09;  // of the shorter side: smaller ones say nothing to a viewer
  constexpr int kNeighbours = 4;      // raw hits that must agree; OpenCV's default is 3
  std::vector<cv::Rect> out;
  if (detectors().empty()) return out;
  const double scale = std::min(1.0, kLonger / std::max(rgb.cols, rgb.rows));
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::resize(grey, grey, {}, scale, scale, cv::INTER_AREA);
  const int smallest = std::max(24, static_cast<int>(kSmallest * std::min(grey.cols, grey.rows)));
  if (std::min(grey.cols, grey.rows) < smallest) return out;
  std::vector<std::vector<cv::Rect>> found;
  for (cv::CascadeClassifier& detector : detectors()) {
    found.emplace_back();
    detector.detectMultiScale(grey, found.back(), 1.1, kNeighbours, 0, {smallest, smallest});
  }
  for (const cv::Rect& small : found[0]) {
    if (std::none_of(found[1].begin(), found[1].end(),
                     [&](const cv::Rect& other) { return overlap(small, other) > 0.4; }))
      continue;
    const cv::Rect box =
        cv::Rect(static_cast<int>(small.x / scale), static_cast<int>(small.y / scale),
                 static_cast<int>(small.width / scale), static_cast<int>(small.height / scale)) &
        cv::Rect({0, 0}, rgb.size());
    if (!is_leafy(rgb, box)) out.push_back(box);
  }
  std::stable_sort(out.begin(), out.end(), [](const cv::Rect& a, const cv::Rect& b) {
    return std::pair(a.x, a.y) < std::pair(b.x, b.y);
  });
  return out;
}

std::vector<cv::Rect> sure_faces(const std::vector<cv::Rect>& in_key,
                                 const std::vector<cv::Mat>& others) {
  std::vector<cv::Rect> out;
  if (in_key.empty() || others.empty()) return out;
  std::vector<std::vector<cv::Rect>> found;
  for (const cv::Mat& frame : others) found.push_back(faces_in(frame));
  for (const cv::Rect& face : in_key) {
    const auto again =
        std::count_if(found.begin(), found.end(), [&](const std::vector<cv::Rect>& in_frame) {
          return std::any_of(in_frame.begin(), in_frame.end(),
                             [&](const cv::Rect& other) { return is_same(face, other); });
        });
    if (4 * again >= 3 * static_cast<std::ptrdiff_t>(found.size())) out.push_back(face);
  }
  return out;
}

}  // namespace instructing
}  // namespace ditto::stages
