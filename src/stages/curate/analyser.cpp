#include "stages/curate/analyser.h"

#include "ditto/media/flow.h"

namespace ditto::stages::curate {
SourceAnalyser::SourceAnalyser(cv::Size picture, const config::Clip& clip,
                               const config::Curate& curate)
    : detector_(curate.shot_threshold),
      meter_(picture, curate.motion_grid),
      windows_(clip, curate) {}

void SourceAnalyser::push(const cv::Mat& rgb, bool repeated) {
  if (repeated && next_ > 0) {
    last_.repeated = true;
    last_.frozen = false;
    last_.motion = 0;
    last_.tracked = 1;
  } else {
    measure(rgb);
  }
  last_.index = next_++;
  windows_.push(last_, descriptor_);
  pass_on_cuts();
  if (windows_.pending() > 2 * windows_.stretch()) {
    // One picture shown for very long: don't wait for those after it.
    detector_.settle();
    pass_on_cuts();
    windows_.settle_before(next_);
  }
}

void SourceAnalyser::measure(const cv::Mat& rgb) {
  const cv::Mat grey = media::grey(rgb);
  FrameMeasure now;
  measure_picture(grey, now);
  MotionStep step;
  if (next_ > 0) {
    step = meter_.step(grey_, grey);
    now.motion = step.motion;
    now.tracked = step.tracked;
    now.frozen = is_frozen(grey_, grey);
  }
  detector_.push(next_, rgb, step, now.spread < kBlankSpread);
  descriptor_ = describe_picture(rgb);
  grey_ = grey;
  last_ = now;
}

void SourceAnalyser::finish() {
  detector_.settle();
  pass_on_cuts();
  windows_.finish();
}

void SourceAnalyser::pass_on_cuts() {
  for (const std::int64_t cut : detector_.take_cuts()) {
    windows_.cut(cut);
    ++shots_;
  }
  windows_.settle_before(detector_.decided_before());
}

}  // namespace ditto::stages::curate
