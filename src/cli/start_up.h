#pragma once

#include "ditto/config/config.h"

/// What happens once in a process, before the work.
namespace ditto::cli {

/// Makes sure that descriptors 0 to 2 are open, so that no output file becomes "stdout".
void keep_standard_descriptors();

/// Subcommands that compute must give the same bytes on CPUs of different generations. OpenCV reads
/// its setting when its library is loaded, so the program starts itself again with it, once and
/// only on CPUs where it makes a difference. Returns when there is nothing to do (or it failed:
/// then the program goes on without).
void pin_opencv_before_anything(int argc, char** argv);

/// To be called by every subcommand that computes, after loading its config and before computing:
/// pins the instruction sets of LibTorch, MKL and oneDNN as run.cpu says, and sets one thread per
/// call for OpenCV and LibTorch.
void start_computing(const config::Config& config);

}  // namespace ditto::cli
