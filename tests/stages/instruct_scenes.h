#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "ditto/core/random.h"
#include "ditto/stages/clip.h"
#include "stages/instruct_paints.h"

// Small clips of known content, for checking what the instructor says of them. What is known is
// what was drawn; nothing here is measured.
namespace ditto::stages::scenes {

struct Shape {
  Paint paint;
  bool round = true;
  double size = 0.2;     ///< height, of the frame's
  cv::Point2d centre;    ///< in the key frame, fractions of width and height
  cv::Point2d velocity;  ///< against the scenery, frame heights per frame
  int from = 0;          ///< first frame that it is in
};

enum class Scenery {
  kGreyFloor,
  kDarkFloor,
  kPaleFloor,
  kWood,
  kLandscape,
  kLeaves,
  kWall,
  kCount
};

struct Scene {
  Scenery scenery = Scenery::kGreyFloor;
  cv::Vec3b wall;                       ///< of kWall
  std::vector<std::string> wall_names;  ///< its colour's
  cv::Point2d pan;                      ///< camera, frame heights per frame
  std::vector<Shape> shapes;
  int frames = 9;
  cv::Size size = {272, 152};

  int key() const { return frames / 2; }
  /// Where a shape is in frame `t`, fractions of width and height.
  cv::Point2d at(const Shape& shape, int t) const {
    const cv::Point2d moved = (shape.velocity - pan) * (t - key());
    return {shape.centre.x + moved.x * size.height / size.width, shape.centre.y + moved.y};
  }
};

namespace detail {

inline std::uint32_t mixed(std::uint32_t a, std::uint32_t b) {
  std::uint32_t h = a * 0x9E3779B1U ^ (b + 0x7F4A7C15U) * 0x85EBCA77U;
  h ^= h >> 15;
  h *= 0xC2B2AE3DU;
  return h ^ (h >> 13);
}

// Grain of a few pixels' size, -1..1, fixed to the scenery.
inline double grain(int x, int y) {
  const auto value = [](int i, int j) {
    return mixed(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j)) / 2147483648.0 - 1;
  };
  return 0.5 * value(x / 3, y / 3) + 0.5 * value(x / 2 + 999, y / 2);
}

inline cv::Vec3b tone(const cv::Vec3d& colour) {
  return {cv::saturate_cast<uchar>(colour[0]), cv::saturate_cast<uchar>(colour[1]),
          cv::saturate_cast<uchar>(colour[2])};
}

inline cv::Vec3b scenery_at(const Scene& scene, int x, int y) {
  const double g = grain(x, y);
  const double wave = 14 * std::sin(x * 0.05) + 10 * std::cos(y * 0.09);
  const auto grey = [](double v) { return tone({v, v, v}); };
  switch (scene.scenery) {
    case Scenery::kGreyFloor:
      return grey(112 + wave + 16 * g);
    case Scenery::kDarkFloor:
      return grey(30 + wave / 4 + 6 * g);
    case Scenery::kPaleFloor:
      return grey(196 + wave + 14 * g);
    case Scenery::kWood: {
      const double v = 1 + 0.16 * std::sin(x * 0.31 + 3 * std::sin(y * 0.02)) + 0.10 * g;
      return tone({168 * v, 128 * v, 92 * v});
    }
    case Scenery::kLandscape: {
      const int horizon = scene.size.height * 42 / 100;
      if (y < horizon) {
        const double t = std::clamp(static_cast<double>(y) / horizon, 0.0, 1.0);
        return tone({105 + 60 * t, 160 + 32 * t, 234});
      }
      return tone({62 + 26 * g, 112 + 34 * g, 44 + 18 * g});
    }
    case Scenery::kLeaves:
      return tone({58 + 30 * g, 104 + 40 * g, 42 + 20 * g});
    case Scenery::kWall:
    case Scenery::kCount:
      break;
  }
  return scene.wall;
}

inline void draw(cv::Mat& picture, const Scene& scene, const Shape& shape, int t) {
  constexpr int kShift = 6;
  const cv::Point2d c = scene.at(shape, t);
  const double half = shape.size * scene.size.height / 2;
  const auto fixed = [](double x, double y) {
    return cv::Point(static_cast<int>(std::lround(x * (1 << kShift))),
                     static_cast<int>(std::lround(y * (1 << kShift))));
  };
  const double x = c.x * scene.size.width;
  const double y = c.y * scene.size.height;
  const cv::Scalar colour(shape.paint.rgb[0], shape.paint.rgb[1], shape.paint.rgb[2]);
  if (shape.round) {
    cv::circle(picture, fixed(x, y), static_cast<int>(half * (1 << kShift)), colour, cv::FILLED,
               cv::LINE_AA, kShift);
  } else {
    cv::rectangle(picture, fixed(x - 1.2 * half, y - half), fixed(x + 1.2 * half, y + half), colour,
                  cv::FILLED, cv::LINE_AA, kShift);
  }
}

}  // namespace detail

/// What was drawn, for the messages of a failed test.
inline std::string described(const Scene& scene) {
  static constexpr const char* kNames[] = {"grey floor", "dark floor", "pale floor", "wood",
                                           "landscape",  "leaves",     "wall"};
  std::string text = kNames[static_cast<int>(scene.scenery)];
  if (scene.scenery == Scenery::kWall) text += " " + scene.wall_names.front();
  text += fmt::format(", pan {:.3f}", scene.pan.x);
  for (const Shape& shape : scene.shapes) {
    text +=
        fmt::format("; {} {} {:.2f} at {:.2f} {:.2f} moving {:.3f} {:.3f} from {}",
                    fmt::join(shape.paint.names, "/"), shape.round ? "disk" : "box", shape.size,
                    shape.centre.x, shape.centre.y, shape.velocity.x, shape.velocity.y, shape.from);
  }
  return text;
}

inline Clip drawn(const Scene& scene, const std::string& id, std::int64_t ordinal) {
  Clip clip;
  clip.id = id;
  clip.ordinal = ordinal;
  clip.key_frame = scene.key();
  clip.video.fps = {20, 1};
  for (int t = 0; t < scene.frames; ++t) {
    cv::Mat picture(scene.size, CV_8UC3);
    // Only across, so that a horizon stays where it is.
    const int shift =
        static_cast<int>(std::lround(scene.pan.x * scene.size.height * (t - scene.key())));
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x)
        picture.at<cv::Vec3b>(y, x) = detail::scenery_at(scene, x + shift + 512, y);
    }
    for (const Shape& shape : scene.shapes) {
      if (t >= shape.from) detail::draw(picture, scene, shape, t);
    }
    clip.video.frames.push_back(picture);
  }
  return clip;
}

/// A scene drawn by lot: any scenery, still or panned over, no shape to three of any paints
/// (often two of one colour), anywhere, still or moving, one in ten coming in late.
inline Scene random_scene(Stream& stream) {
  Scene scene;
  scene.scenery = static_cast<Scenery>(stream.index(static_cast<std::size_t>(Scenery::kCount)));
  const Paint wall = paints()[stream.index(paints().size())];
  scene.wall = wall.rgb;
  scene.wall_names = wall.names;
  if (stream.uniform() < 0.3) scene.pan = {stream.uniform(-0.02, 0.02), 0};
  const std::size_t shapes = stream.uniform() < 0.15 ? 0 : 1 + stream.index(3);
  for (std::size_t i = 0; i < shapes; ++i) {
    Shape shape;
    // The plain ones more often than those between two names.
    shape.paint = paints()[stream.index(stream.uniform() < 0.6 ? 10 : paints().size())];
    if (i > 0 && stream.uniform() < 0.25) shape.paint = scene.shapes.front().paint;
    shape.round = stream.uniform() < 0.5;
    shape.size = stream.uniform(0.12, 0.36);
    shape.centre = {stream.uniform(0.08, 0.92), stream.uniform(0.1, 0.9)};
    if (stream.uniform() < 0.5) {
      const double angle = stream.uniform(0, 2 * CV_PI);
      const double speed = stream.uniform(0.006, 0.03);
      shape.velocity = {speed * std::cos(angle), speed * std::sin(angle)};
    }
    if (stream.uniform() < 0.1) shape.from = 1 + static_cast<int>(stream.index(8));
    scene.shapes.push_back(shape);
  }
  return scene;
}

}  // namespace ditto::stages::scenes
