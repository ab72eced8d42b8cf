#include <gtest/gtest.h>

#include "stages/generate/object_layers.h"
#include "stages/generate/object_template.h"
#include "stages/generate/object_track.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

const cv::Size kSize(160, 120);
const cv::Rect kBox(50, 40, 48, 40);

/// The picture seen through a similarity about the box's middle.
cv::Mat seen_through(const cv::Mat& picture, const cv::Matx23d& m) {
  cv::Mat out;
  cv::warpAffine(picture, out, m, picture.size(), cv::INTER_CUBIC, cv::BORDER_REFLECT_101);
  return out;
}

cv::Matx23d similarity(double degrees, double scale, cv::Point2d shift) {
  const cv::Mat m = cv::getRotationMatrix2D({73.5f, 59.5f}, degrees, scale);
  cv::Matx23d out(m.ptr<double>());
  out(0, 2) += shift.x;
  out(1, 2) += shift.y;
  return out;
}

/// How far apart two transforms put the corners of the box, px.
double distance(const cv::Matx23d& a, const cv::Matx23d& b) {
  double most = 0;
  for (const cv::Point corner : {kBox.tl(), kBox.br()})
    most = std::max(most, cv::norm(move(a, corner) - move(b, corner)));
  return most;
}

class GenerateTrack : public ::testing::Test {
 protected:
  const cv::Mat key_ = cloud(kSize, 4, 2.5, 35);
  const cv::Mat alpha_ = cv::Mat::ones(kBox.size(), CV_32F);
  const ObjectTemplate template_{MatchedFrame(key_), kBox, alpha_, 2};
  const cv::Matx23d still_{1, 0, 0, 0, 1, 0};
};

TEST_F(GenerateTrack, FindsASimilarityToATenthOfAPixel) {
  const cv::Matx23d truth = similarity(4, 1.04, {2.3, -1.7});
  const ObjectTemplate::Match match =
      template_.match(MatchedFrame(seen_through(key_, truth)), still_);
  EXPECT_LT(distance(match.transform, truth), 0.1);
  EXPECT_GT(match.found, 0.95f);
}

TEST_F(GenerateTrack, BearsALightThatChangesAndAThingBeforeIt) {
  const cv::Matx23d truth = similarity(-2, 0.98, {-1.5, 2});
  cv::Mat frame = seen_through(key_, truth) + cv::Scalar::all(20);
  cv::rectangle(frame, {84, 30, 40, 60}, {250, 10, 10}, cv::FILLED);
  const ObjectTemplate::Match match = template_.match(MatchedFrame(frame), still_);
  EXPECT_LT(distance(match.transform, truth), 0.3);
  EXPECT_LT(match.found, 0.9f);
}

TEST_F(GenerateTrack, StaysWhereItIsWhenNothingIsFound) {
  const ObjectTemplate::Match match =
      template_.match(MatchedFrame(cloud(kSize, 5, 2.5, 35)), similarity(0, 1, {300, 0}));
  EXPECT_EQ(match.transform, similarity(0, 1, {300, 0}));
  EXPECT_EQ(match.error, ObjectTemplate::kMostDifference);
}

TEST_F(GenerateTrack, TellsADrawnThingFromTheStrokesOfALook) {
  // Checks over what was there; and as much of them as a model can leave of strokes that the look
  // has everywhere.
  const cv::Mat source = cloud(kSize, 7, 2.5, 35);
  cv::Mat edited(kSize, CV_8UC3, cv::Scalar::all(255)), residual;
  for (int y = 0; y < kBox.height; ++y) {
    for (int x = 0; x < kBox.width; ++x) {
      edited.at<cv::Vec3b>(kBox.tl() + cv::Point(x, y)) =
          cv::Vec3b::all((x / 4 + y / 4) % 2 ? 250 : 0);
    }
  }
  cv::subtract(edited, source, residual, cv::noArray(), CV_32F);
  cv::Mat elsewhere(kSize, CV_8U, cv::Scalar(255));
  elsewhere(kBox).setTo(0);
  residual.setTo(cv::Scalar::all(0), elsewhere);
  EXPECT_EQ(ObjectLayers(source, edited, residual).size(), 1U);
  EXPECT_TRUE(ObjectLayers(source, edited, residual * 0.35).empty());
}

TEST_F(GenerateTrack, KnowsAPlainTemplate) {
  EXPECT_FALSE(template_.plain());
  const cv::Mat wall(kSize, CV_8UC3, cv::Scalar::all(200));
  EXPECT_TRUE(ObjectTemplate(MatchedFrame(wall), kBox, alpha_, 2).plain());
}

}  // namespace
}  // namespace ditto::stages
