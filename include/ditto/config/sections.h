#pragma once

#include "ditto/config/config.h"

/// The schema: one `describe` per section binds each key to its field with its range and meaning.
/// Defaults are the fields' initialisers. Defaults, checks, `config show`, `config schema`,
/// docs/config.md and the stage fingerprints are all made from these by visitors (load.h).
///
/// A visitor has
///   integer(name, field, minimum, maximum, doc [, effect])      field: int or std::uint64_t
///   even(name, field, minimum, maximum, doc [, effect])         field: int; an even number
///   number(name, field, minimum, maximum, doc [, effect])       field: double
///   choice(name, field, {values}, doc [, effect])               field: std::string
///   text(name, field, doc [, effect])                           field: std::string
///   duration(name, field, doc [, effect])                       field: std::string; as
///                                                               parse_duration reads it, or empty
///   texts(name, field, doc [, effect])                          field: std::vector<std::string>
///   flag(name, field, doc [, effect])                           field: bool
/// Ranges are inclusive. Documentation states the unit.
namespace ditto::config {

/// Whether a key changes results, and so enters fingerprints.
enum class Effect { kResult, kNone };

// One line a key: this is a table.
// clang-format off
template <class V>
void describe(V& v, Sources& s) {
  v.texts("input", s.input, "Folders (searched recursively) or files with the source videos.", Effect::kNone);
  v.texts("extensions", s.extensions, "File name extensions that are taken for videos, without the dot, in any case.");
  v.text("instructions", s.instructions,
         "A JSON-lines file with the user's own instructions: {\"path\" or \"clip\": ..., \"text\": ...}. "
         "They come before the agent's.");
}

template <class V>
void describe(V& v, Clip& c) {
  v.number("fps", c.fps, 1, 120, "Frame rate of every clip; 29.97 and 23.976 stand for the NTSC ratios.");
  v.integer("frames", c.frames, 5, 1001, "Frames of every clip; video models of the Wan family want 4n+1.");
  v.even("width", c.width, 32, 4096, "Width in pixels of a landscape clip; even.");
  v.even("height", c.height, 32, 4096, "Height in pixels of a landscape clip; even.");
  v.choice("orientation", c.orientation, {"source", "fixed"},
           "source: portrait sources get width and height swapped; fixed: every clip is width x height.");
}

template <class V>
void describe(V& v, Curate& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.integer("max_clips_per_source", c.max_clips_per_source, 0, 1000000, "Clips taken from one source at most, spread over it; 0: no limit.");
  v.number("shot_threshold", c.shot_threshold, 1, 100, "A cut is where the motion grid can't be followed and the content change is at least this many times its neighbourhood's mean.");
  v.number("max_upscale", c.max_upscale, 0.1, 64, "Sources that would be enlarged more than this are dropped.");
  v.number("min_fps_ratio", c.min_fps_ratio, 0, 1, "Sources whose frame rate is below this fraction of clip.fps are dropped.");
  v.number("max_letterbox", c.max_letterbox, 0, 1, "Largest fraction of the picture that dark bars at its edges may take.");
  v.number("black_level", c.black_level, 0, 255, "A frame with a mean luma below this, out of 255, is black.");
  v.number("max_black_fraction", c.max_black_fraction, 0, 1, "Largest fraction of black frames in a clip.");
  v.number("max_frozen_fraction", c.max_frozen_fraction, 0, 1, "Largest fraction of frames that repeat the one before, beyond those that the rate conversion explains.");
  v.number("min_motion", c.min_motion, 0, 100, "Clips with a lower motion score (mean over a point grid of the cumulative displacement, in diagonals) are dropped as static.");
  v.number("max_motion", c.max_motion, 0, 1000, "Clips with a higher motion score are dropped.");
  v.number("duplicate_similarity", c.duplicate_similarity, 0, 1, "Clips whose embeddings have at least this cosine similarity are duplicates; the later one is dropped. 1: only identical ones.");
  v.integer("motion_grid", c.motion_grid, 2, 64, "Points of the motion grid along the longer side.");
}

template <class V>
void describe(V& v, Instruct& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.integer("count", c.count, 1, 64, "Instructions per clip.");
  v.number("global_fraction", c.global_fraction, 0, 1, "Fraction of global instructions over a run; the paper has 0.7.");
  v.number("style_fraction", c.style_fraction, 0, 1, "Fraction of styles among the global instructions over a run; the rest ask for another environment.");
  v.number("replace_weight", c.replace_weight, 0, 1000, "Weight of replacements among the local instructions; 0: none.");
  v.number("add_weight", c.add_weight, 0, 1000, "Weight of additions among the local instructions; 0: none.");
  v.number("remove_weight", c.remove_weight, 0, 1000, "Weight of removals among the local instructions; 0: none.");
  v.number("attribute_weight", c.attribute_weight, 0, 1000, "Weight of changed attributes (colour, light, material) among the local instructions; 0: none.");
}

template <class V>
void describe(V& v, Edit& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.number("keyframe_position", c.keyframe_position, 0, 1, "Which frame is the key frame: 0 the first, 1 the last.");
  v.number("strength", c.strength, 0.1, 2, "Multiplies the strength of every edit.");
  v.text("objects", c.objects,
         "A folder of PNG files with transparency: things that can be added as \"add a <file name>\". Their content enters "
         "fingerprints, the folder's name doesn't.", Effect::kNone);
}

template <class V>
void describe(V& v, Gate& c) {
  v.choice("backend", c.backend, {"builtin", "none"}, "Implementation of the stage; none lets every key frame pass.");
  v.number("min_change", c.min_change, 0, 1, "Least mean absolute change of the key frame, of full range, inside the edited region.");
  v.number("min_structure", c.min_structure, 0, 1, "Least correlation, -1 to 1, of the local edge directions of key frame and edited key frame; outside the region of a local edit.");
  v.number("max_outside_change", c.max_outside_change, 0, 1, "Largest mean absolute change, of full range, outside the region of a local edit.");
  v.number("min_contrast", c.min_contrast, 0, 1, "Least standard deviation of the edited key frame's luma, of full range.");
  v.number("max_clipped", c.max_clipped, 0, 1, "Largest fraction of the edited key frame that is black, or that is blown out, beyond the key frame's own.");
}

template <class V>
void describe(V& v, Depth& c) {
  v.choice("backend", c.backend, {"none"}, "Depth for generators that want it; the builtin one doesn't.");
}

template <class V>
void describe(V& v, Generate& c) {
  v.choice("backend", c.backend, {"builtin", "native"}, "Implementation of the stage; native: Wan's VACE, see docs/native.md.");
  v.choice("preset", c.preset, {"draft", "default", "best"},
           "How large a pixel network is fitted to an edit, and for how long: draft for looking at a config, best for edits with fine texture.");
  v.integer("iterations", c.iterations, 0, 100000, "Optimiser steps of the pixel network; 0: as many as the preset has.");
  v.integer("flow_width", c.flow_width, 64, 4096, "Longer side in pixels at which optical flow is computed.");
  v.text("weights", c.weights,
         "native: the directory of a WanVACEPipeline, or its name in the Hugging Face cache (OWNER/NAME, OWNER/NAME@REVISION). "
         "Its content enters fingerprints, its name doesn't.", Effect::kNone);
  v.texts("lora", c.lora,
          "native: LoRA files that are merged into the transformer, each PATH or PATH:SCALE. Content and scale enter fingerprints.",
          Effect::kNone);
  v.choice("control", c.control, {"grey", "depth"},
           "native: the video that gives the structure: the clip in grey, or its depth (which needs a depth backend).");
  v.choice("recipe", c.recipe, {"none", "lightx2v-4", "causvid-3", "causvid-9", "vdot-4"},
           "native: schedule of a distilled network, see docs/pipelines.md; none: the checkpoint's own scheduler.");
  v.integer("steps", c.steps, 0, 1000, "native: denoising steps; 0: 50, or the recipe's, beside which there can be no other number.");
  v.number("guidance", c.guidance, 0, 100, "native: scale of classifier-free guidance; 1: none; 0: 5, or 1 with a recipe, beside which there can be no other.");
  v.number("control_scale", c.control_scale, 0, 10, "native: how much the control video and the edited key frame count.");
  v.text("negative_prompt", c.negative_prompt, "native: what guidance above 1 leads away from.");
  v.text("device", c.device, "native: cpu, cuda, cuda:N, or auto (cuda where there is an NVIDIA device).", Effect::kNone);
  v.choice("dtype", c.dtype, {"bfloat16", "float16", "float32"}, "native: number format of the networks.");
  v.flag("keep_loaded", c.keep_loaded,
         "native: keep all networks in memory from one sample to the next; else each is read when its turn comes and freed after it.",
         Effect::kNone);
}

template <class V>
void describe(V& v, Enhance& c) {
  v.choice("backend", c.backend, {"builtin", "none"}, "Implementation of the stage; none passes the frames on.");
  v.number("strength", c.strength, 0, 1, "Weight of the motion-compensated neighbours.");
  v.integer("radius", c.radius, 1, 8, "Neighbour frames on each side.");
}

template <class V>
void describe(V& v, Judge& c) {
  v.choice("backend", c.backend, {"builtin"}, "Implementation of the stage.");
  v.number("min_instruction", c.min_instruction, 1, 10, "Least score for instruction fidelity.");
  v.number("min_source", c.min_source, 1, 10, "Least score for source fidelity (structure and motion).");
  v.number("min_quality", c.min_quality, 1, 10, "Least score for visual quality.");
  v.number("min_temporal", c.min_temporal, 1, 10, "Least score for temporal stability.");
  v.number("min_change", c.min_change, 0, 1, "Mean absolute change by the edit, of full range, that scores 5; where the region is unknown, five times that in the most changed two-hundredth of the picture will do.");
  v.number("max_key_difference", c.max_key_difference, 0, 10, "Difference of the video from the edited key frame, as a fraction of the edit's own change, that scores 5.");
  v.number("min_edit_kept", c.min_edit_kept, 0, 1, "Median over the frames of the edit's strength, as a fraction of the edited key frame's, that scores 5.");
  v.number("max_blank_fraction", c.max_blank_fraction, 0, 1, "Fraction of black or empty frames that scores 5.");
  v.number("max_frozen_fraction", c.max_frozen_fraction, 0, 1, "Fraction of frames standing still while the source moves that scores 5.");
  v.number("min_structure", c.min_structure, -1, 1, "Correlation of local edge directions with the source, in the worst tenth of the frames, that scores 5.");
  v.number("min_motion", c.min_motion, -1, 1, "The same correlation for what changes over the clip that scores 5.");
  v.number("max_time_shift_gain", c.max_time_shift_gain, 0, 1, "Gain in that correlation by a shift in time that scores 5.");
  v.number("max_misalignment", c.max_misalignment, 0, 1, "Displacement from the source, of the width, that scores 5.");
  v.number("max_leak", c.max_leak, 0, 1, "Fraction of the picture outside the region of a local edit that may change by more than 12 levels of 255; that much scores 5.");
  v.number("max_strength_change", c.max_strength_change, 0, 10, "Deviation of the edit's strength from its median over the clip, as a fraction of it, that scores 5.");
  v.number("max_flicker", c.max_flicker, 0, 255, "Flicker beyond the source's, in levels of 255, that scores 5.");
  v.number("max_popping", c.max_popping, 0, 1, "Share of the picture in which parts of the edit come or go at once, in the worst twentieth of the frames, that scores 5.");
  v.number("max_boiling", c.max_boiling, 0, 255, "Change of pixels between frames along the motion beyond what the source's own explains, in levels of 255, that scores 5.");
  v.number("max_blur", c.max_blur, 0, 100, "Added blur, as the standard deviation of a Gaussian in pixels, that scores 5.");
  v.number("max_blocking", c.max_blocking, 0, 255, "Added steps on an 8-pixel grid, in levels of 255, that scores 5.");
}

template <class V>
void describe(V& v, Output& c) {
  v.text("dir", c.dir, "The output directory.", Effect::kNone);
  v.integer("crf", c.crf, 0, 51, "libx264's constant rate factor.");
  v.choice("preset", c.preset, {"ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"}, "libx264's preset.");
  v.integer("encoder_threads", c.encoder_threads, 1, 64, "libx264's threads; part of the result, since bytes depend on it.");
  v.integer("shard_samples", c.shard_samples, 1, 1000000, "Samples in a shard at most.");
  v.number("shard_megabytes", c.shard_megabytes, 1, 100000, "Size of a shard at most, in MB; a larger sample gets a shard of its own.");
}

template <class V>
void describe(V& v, Run& c) {
  v.integer("seed", c.seed, 0, 9007199254740991, "Seed of every random stream.");
  v.integer("unit_clips", c.unit_clips, 1, 100000, "Consecutive clips of the manifest that are scheduled and written as a whole.");
  v.integer("workers", c.workers, 0, 1024, "Samples computed at the same time; 0: as many as there are cores.", Effect::kNone);
  v.number("memory_megabytes", c.memory_megabytes, 64, 10000000, "Memory that the planned stages may take together, in MB.", Effect::kNone);
  v.integer("retries", c.retries, 0, 10, "Further tries after a fault that can pass.", Effect::kNone);
  v.duration("deadline", c.deadline, "Stop cleanly after this time, as 90s, 45m, 3h or H:MM:SS; empty: none.", Effect::kNone);
  v.choice("cpu", c.cpu, {"avx2", "compatible", "native"},
           "avx2: the same bytes on Intel CPUs of every generation from AVX2 on; compatible: also on those of other makers, "
           "with matrix products at about 0.4 times the speed; native: the CPU's best instructions.");
  v.number("min_free_megabytes", c.min_free_megabytes, 0, 10000000, "No work is started with less free disk space than this, in MB.", Effect::kNone);
}
// clang-format on

/// Calls `visit(name, section, doc)` for every section in the order of the pipeline.
template <class C, class F>
void for_each_section(C& config, F&& visit) {
  visit("sources", config.sources, "Where the videos come from.");
  visit("clip", config.clip, "The one format that every clip of the dataset has.");
  visit("curate", config.curate, "Sources to clips: shots, quality, motion, duplicates.");
  visit("instruct", config.instruct, "The agent that writes the instructions.");
  visit("edit", config.edit, "The image editor for the key frame.");
  visit("gate", config.gate,
        "The cheap check of the edited key frame before a video is made of it.");
  visit("depth", config.depth, "Depth of the source clip.");
  visit("generate", config.generate,
        "The in-context generator: edited key frame and source clip to edited clip.");
  visit("enhance", config.enhance, "The temporal enhancer of the generated clip.");
  visit("judge", config.judge,
        "The filter: scores from 1 to 10 and the least that each must reach.");
  visit("output", config.output, "What is written, and where.");
  visit("run", config.run, "How the run is carried out.");
}

}  // namespace ditto::config
