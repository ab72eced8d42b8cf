#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// The resolved configuration as plain values. Names, defaults, ranges and documentation of the
/// keys are in one place, `ditto/config/sections.h`; loading and checking in `ditto/config/load.h`.
namespace ditto::config {

struct Sources {
  std::vector<std::string> input;
  std::vector<std::string> extensions = {"mp4", "m4v",  "mov", "mkv", "webm", "avi",
                                         "mpg", "mpeg", "ts",  "mts", "m2ts", "wmv",
                                         "flv", "ogv",  "3gp", "y4m", "gif"};
  std::string instructions;
};

struct Clip {
  double fps = 20.0;
  int frames = 49;
  int width = 832;
  int height = 480;
  std::string orientation = "source";
};

struct Curate {
  std::string backend = "builtin";
  int max_clips_per_source = 4;
  double shot_threshold = 2.0;
  double max_upscale = 3.0;
  double min_fps_ratio = 0.4;
  double max_letterbox = 0.02;
  double black_level = 24.0;
  double max_black_fraction = 0.1;
  double max_frozen_fraction = 0.5;
  double min_motion = 0.002;
  double max_motion = 4.0;
  double duplicate_similarity = 0.9;
  int motion_grid = 16;
};

struct Instruct {
  std::string backend = "builtin";
  int count = 3;
  double global_fraction = 0.7;
  double style_fraction = 0.6;
  double replace_weight = 1.0;
  double add_weight = 1.0;
  double remove_weight = 1.0;
  double attribute_weight = 1.0;
  std::string weights;
  std::string prompts;  ///< empty: those of configs/prompts/instruct
  int attempts = 3;
  double temperature = 0.8;
  int frames = 0;      ///< 0: two a second
  int max_pixels = 0;  ///< 0: as the checkpoint has it
  int slots = 8;
  std::string device = "auto";
  std::string dtype = "bfloat16";
};

struct Edit {
  std::string backend = "builtin";
  double keyframe_position = 0.5;
  double strength = 1.0;
  std::string objects;
};

struct Gate {
  std::string backend = "builtin";
  double min_change = 0.008;
  double min_structure = 0.25;
  double max_outside_change = 0.02;
  double min_contrast = 0.02;
  double max_clipped = 0.95;
};

struct Depth {
  std::string backend = "none";
};

struct Generate {
  std::string backend = "builtin";
  std::string preset = "default";
  int iterations = 0;  ///< 0: as many as the preset has
  int flow_width = 480;
  bool align_key = true;
  std::string overlay = "auto";
  double shot_threshold = 2.0;
  std::string weights;
  std::vector<std::string> lora;
  std::vector<std::string> lora_high;
  std::vector<std::string> lora_low;
  std::string control = "grey";
  std::string recipe = "none";
  int steps = 0;        ///< 0: the recipe's, or 50
  double guidance = 0;  ///< 0: 1 with a recipe, else 5
  double control_scale = 1.0;
  std::string negative_prompt;
  std::string device = "auto";
  std::string dtype = "bfloat16";
  bool keep_loaded = true;
};

struct Enhance {
  std::string backend = "builtin";
  double strength = 0.5;
  int radius = 2;
};

struct Judge {
  std::string backend = "builtin";
  double min_instruction = 5.0;
  double min_source = 5.0;
  double min_quality = 5.0;
  double min_temporal = 5.0;
  double min_change = 0.012;
  double max_key_difference = 0.4;
  double min_edit_kept = 0.5;
  double max_blank_fraction = 0.01;
  double max_frozen_fraction = 0.05;
  double min_structure = 0.2;
  double min_motion = 0.2;
  double max_time_shift_gain = 0.03;
  double max_misalignment = 0.008;
  double max_leak = 0.03;
  double max_strength_change = 0.4;
  double max_flicker = 3.5;
  double max_popping = 0.035;
  double max_part_loss = 0.1;
  double max_recolouring = 0.035;
  double min_fine_contrast = 0.35;
  double max_boiling = 3.5;
  double max_blur = 1.1;
  double max_blocking = 0.7;
  std::string weights;
  std::string prompts;  ///< empty: those of configs/prompts/judge
  int turns = 3;
  double temperature = 0.7;
  int frames = 8;
  int max_pixels = 401408;  ///< 512 tokens
  double min_model_instruction = 8.0;
  double min_model_content = 8.0;
  double min_model_motion = 8.0;
  double min_model_quality = 9.0;
  double min_safety = 8.0;
  int slots = 8;
  std::string device = "auto";
  std::string dtype = "bfloat16";
};

struct Output {
  std::string dir;
  int crf = 12;
  std::string preset = "medium";
  int encoder_threads = 1;
  int shard_samples = 1000;
  double shard_megabytes = 3000.0;
};

struct Run {
  std::uint64_t seed = 0;
  int unit_clips = 8;
  int workers = 0;
  double memory_megabytes = 2600.0;
  int retries = 1;
  std::string deadline;
  std::string cpu = "avx2";
  double min_free_megabytes = 200.0;
};

struct Config {
  Sources sources;
  Clip clip;
  Curate curate;
  Instruct instruct;
  Edit edit;
  Gate gate;
  Depth depth;
  Generate generate;
  Enhance enhance;
  Judge judge;
  Output output;
  Run run;
};

}  // namespace ditto::config
