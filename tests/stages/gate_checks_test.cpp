#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/stages/gate.h"
#include "stages/judge_scene.h"

namespace ditto::stages {
namespace {

using namespace scene;

Instruction asking(Task task) {
  Instruction instruction;
  instruction.task = task;
  return instruction;
}

GateResult global_check(const cv::Mat& edited) {
  return make_gate(config::Gate{})->check(source()[kKey], edited, {}, asking(Task::kGlobalStyle));
}

GateResult local_check(const cv::Mat& edited) {
  return make_gate(config::Gate{})
      ->check(source()[kKey], edited, disc_mask(kKey), asking(Task::kLocalAttribute));
}

void expect_failure(const GateResult& result, const std::string& phrase) {
  EXPECT_FALSE(result.pass) << result.scores.dump();
  EXPECT_NE(result.reason.find(phrase), std::string::npos) << result.reason;
}

TEST(GateChecks, PassesStylesThatKeepTheStructure) {
  const cv::Mat key = source()[kKey];
  cv::Mat grey, pencil, mosaic = blocky(key, 1.0);
  cv::cvtColor(key, grey, cv::COLOR_RGB2GRAY);
  cv::divide(grey, 255 - blurred(255 - grey, 5), grey, 256);
  cv::cvtColor(grey, pencil, cv::COLOR_GRAY2RGB);
  for (const cv::Mat& edited : {sepia(key), night(key), pencil, mosaic, cv::Mat(255 - key)}) {
    const GateResult result = global_check(edited);
    EXPECT_TRUE(result.pass) << result.reason;
    EXPECT_TRUE(result.reason.empty());
    EXPECT_GT(result.scores["structure"], 0.3);
  }
}

TEST(GateChecks, FailsUnusablePictures) {
  const cv::Mat key = source()[kKey];
  expect_failure(global_check(sepia(key)(cv::Rect(0, 0, 64, 64))), "64x64");
  expect_failure(global_check(cv::Mat()), "0x0");
  expect_failure(global_check(cv::Mat(kSize, CV_8UC3, cv::Scalar(90, 80, 70))), "nearly uniform");
  expect_failure(global_check(cv::Mat::zeros(kSize, CV_8UC3)), "nearly uniform");
  cv::Mat white(kSize, CV_8UC3, cv::Scalar::all(255));
  white(cv::Rect(0, 0, 40, 20)) = cv::Scalar::all(90);
  expect_failure(global_check(white), "blown out");
  cv::Mat dark = cv::Mat::zeros(kSize, CV_8UC3);
  dark(cv::Rect(0, 0, 40, 20)) = cv::Scalar::all(200);
  expect_failure(global_check(dark), "is black");
  expect_failure(global_check(key), "hardly there");
  expect_failure(global_check(sepia(source(0, 77)[kKey])), "structure is lost");
}

TEST(GateChecks, HoldsLocalEditsToTheirRegion) {
  const cv::Mat key = source()[kKey];
  const cv::Mat edited = recolour(key, disc_mask(kKey));
  EXPECT_TRUE(local_check(edited).pass) << local_check(edited).reason;
  expect_failure(local_check(key), "changes its region by 0.0000");
  cv::Mat everywhere = edited + cv::Scalar(12, 0, 12);
  expect_failure(local_check(everywhere), "outside the region");
  // What lies inside the region may lose its structure.
  cv::Mat erased = key.clone();
  erased.setTo(cv::Scalar(110, 120, 105), disc_mask(kKey));
  EXPECT_TRUE(local_check(erased).pass) << local_check(erased).reason;
}

TEST(GateChecks, LimitsComeFromTheConfig) {
  const cv::Mat key = source()[kKey];
  config::Gate config;
  config.min_change = 0.9;
  EXPECT_FALSE(make_gate(config)->check(key, sepia(key), {}, {}).pass);
  config.backend = "none";
  EXPECT_TRUE(make_gate(config)->check(key, key, {}, {}).pass);
  EXPECT_THROW(make_gate(config::Gate{})->check(key, sepia(key), cv::Mat::zeros(9, 9, CV_8UC1), {}),
               Error);
}

}  // namespace
}  // namespace ditto::stages
