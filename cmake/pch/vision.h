#pragma once
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "base.h"
