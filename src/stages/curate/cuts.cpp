#include "stages/curate/cuts.h"

#include <opencv2/imgproc.hpp>

#include "ditto/config/config.h"
#include "ditto/core/stop.h"
#include "ditto/media/flow.h"
#include "stages/curate/frame.h"
#include "stages/curate/shots.h"

namespace ditto::stages::curate {

std::vector<int> cuts_in(const media::Video& video, double threshold) {
  const cv::Size size = analysis_size(video.size());
  ShotDetector detector(threshold);
  MotionMeter meter(size, config::Curate{}.motion_grid);
  cv::Mat previous;
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    throw_if_stopped();
    cv::Mat rgb;
    cv::resize(video.frames[i], rgb, size, 0, 0, cv::INTER_AREA);
    const cv::Mat grey = media::grey(rgb);
    FrameMeasure measure;
    measure_picture(grey, measure);
    // A picture that is shown again says nothing of a cut, and would make the next change stand
    // out.
    if (i > 0 && is_frozen(previous, grey)) continue;
    detector.push(static_cast<std::int64_t>(i), rgb,
                  i == 0 ? MotionStep{} : meter.step(previous, grey),
                  measure.spread < kBlankSpread);
    previous = grey;
  }
  detector.settle();
  const std::vector<std::int64_t> found = detector.take_cuts();
  return {found.begin(), found.end()};
}

}  // namespace ditto::stages::curate
