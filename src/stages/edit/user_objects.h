#pragma once

#include <map>
#include <opencv2/core.hpp>
#include <string>

#include "stages/edit/drawn_objects.h"

namespace ditto::stages::editing {

/// Things that the user gives as pictures, by the name that instructions call them: RGBA, CV_32FC4,
/// straight alpha, values in 0..1, cropped to what is visible.
using UserObjects = std::map<std::string, cv::Mat>;

/// Every .png of the folder; its name in lower case with blanks for punctuation is the object's.
/// Throws Error(kUsage) naming edit.objects and the file when the folder or a file can't be read,
/// a file has nothing visible, two files give one name, or a name has no letters.
UserObjects read_objects(const std::string& folder);

/// Width / height.
double aspect_of(const cv::Mat& rgba);
/// It stands on the ground, unless it is asked for high up (`place` as in Program::place).
Placement placement_of_own(double aspect, const std::string& place);

/// A hash of names and pixels; empty for no objects.
std::string digest_of(const UserObjects& objects);

}  // namespace ditto::stages::editing
