#pragma once
#include "base.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
